output "bucket_name" {
  description = "Name of the bucket."
  value       = aws_s3_bucket.this.bucket
}

output "bucket_arn" {
  description = "ARN of the bucket."
  value       = aws_s3_bucket.this.arn
}

output "settings" {
  description = "Environment of the workloads that read and write objects."
  value       = { OBJECT_STORE_URI = "s3://${aws_s3_bucket.this.bucket}" }
}
