output "stream_arn" {
  description = "The stream of events."
  value       = aws_kinesis_stream.this.arn
}

output "policy_document" {
  description = "What a consumer may do with the streams."
  value       = data.aws_iam_policy_document.access.json
}

output "settings" {
  description = "Environment of the workloads that read events."
  value = {
    STREAM_URI  = "kinesis://${aws_kinesis_stream.this.name}"
    RESULTS_URI = "kinesis://${aws_kinesis_stream.results.name}"
  }
}

output "producer_policy" {
  description = "What a producer may do with the stream."
  value       = data.aws_iam_policy_document.produce.json
}
