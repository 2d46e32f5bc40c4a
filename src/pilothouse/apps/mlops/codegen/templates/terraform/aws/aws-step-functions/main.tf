# Pipelines as state machines: one per purpose, each started by its own schedule.

locals {
  pipelines = {
    for name, pipeline in {
      training = { tasks = var.training_tasks, schedule = var.retraining_schedule }
      scoring  = { tasks = var.scoring_tasks, schedule = var.scoring_schedule }
      indexing = { tasks = var.index_tasks, schedule = var.scoring_schedule }
    } : name => pipeline if length(pipeline.tasks) > 0
  }

  steps = { for name, pipeline in local.pipelines : name => [for task in pipeline.tasks : jsondecode(task)] }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/vendedlogs/states/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

data "aws_iam_policy_document" "logs" {
  # Vended logs are delivered by a service that AWS lets nobody narrow further.
  statement {
    sid = "DeliverLogs"
    actions = [
      "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
      "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
    ]
    resources = ["*"]
  }
}

module "role" {
  source = "../workload-role"

  name                     = var.name
  purpose                  = "pipelines"
  services                 = ["states.amazonaws.com"]
  kms_key_arn              = var.kms_key_arn
  policy_documents         = concat([data.aws_iam_policy_document.logs.json], var.task_policies)
  permissions_boundary_arn = var.permissions_boundary_arn
}

resource "aws_sfn_state_machine" "this" {
  for_each = local.pipelines

  name     = "${var.name}-${each.key}"
  role_arn = module.role.arn

  definition = jsonencode({
    Comment = "The ${each.key} pipeline of ${var.name}"
    StartAt = local.steps[each.key][0].Name
    States = {
      for index, step in local.steps[each.key] : step.Name => merge(
        {
          Type       = "Task"
          Resource   = step.Resource
          Parameters = step.Parameters
          ResultPath = "$.${step.Name}"
          Retry = [{
            ErrorEquals     = ["States.TaskFailed"]
            IntervalSeconds = 60
            MaxAttempts     = 2
            BackoffRate     = 2
          }]
        },
        index + 1 < length(local.steps[each.key]) ? { Next = local.steps[each.key][index + 1].Name } : { End = true },
      )
    }
  })

  logging_configuration {
    level                  = "ERROR"
    include_execution_data = false
    log_destination        = "${aws_cloudwatch_log_group.this.arn}:*"
  }

  tracing_configuration {
    enabled = true
  }
}

data "aws_iam_policy_document" "start" {
  count = length(local.pipelines) > 0 ? 1 : 0

  statement {
    sid       = "StartPipelines"
    actions   = ["states:StartExecution"]
    resources = [for machine in aws_sfn_state_machine.this : machine.arn]
  }
}

module "scheduler_role" {
  source = "../workload-role"
  count  = length(local.pipelines) > 0 ? 1 : 0

  name                     = var.name
  purpose                  = "scheduler"
  services                 = ["scheduler.amazonaws.com"]
  kms_key_arn              = var.kms_key_arn
  policy_documents         = [data.aws_iam_policy_document.start[0].json]
  permissions_boundary_arn = var.permissions_boundary_arn
}

resource "aws_scheduler_schedule" "this" {
  for_each = local.pipelines

  name                         = "${var.name}-${each.key}"
  schedule_expression          = each.value.schedule
  schedule_expression_timezone = "UTC"
  kms_key_arn                  = var.kms_key_arn

  flexible_time_window {
    mode                      = "FLEXIBLE"
    maximum_window_in_minutes = 15
  }

  target {
    arn      = aws_sfn_state_machine.this[each.key].arn
    role_arn = module.scheduler_role[0].arn
    input    = jsonencode({ scheduled = "<aws.scheduler.scheduled-time>", id = "<aws.scheduler.execution-id>" })

    retry_policy {
      maximum_retry_attempts = 3
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "failed" {
  for_each = local.pipelines

  alarm_name          = "${var.name}-${each.key}-failed"
  alarm_description   = "The ${each.key} pipeline failed; see docs/runbook.md."
  namespace           = "AWS/States"
  metric_name         = "ExecutionsFailed"
  dimensions          = { StateMachineArn = aws_sfn_state_machine.this[each.key].arn }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}
