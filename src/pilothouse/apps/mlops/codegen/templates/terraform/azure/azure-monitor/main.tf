# Logs in one workspace, alerts to one group of people, money watched like latency.

resource "azurerm_log_analytics_workspace" "this" {
  name                         = var.name
  resource_group_name          = var.resource_group_name
  location                     = var.region
  sku                          = "PerGB2018"
  retention_in_days            = max(30, min(730, var.log_retention_days))
  local_authentication_enabled = false
  tags                         = var.tags
}

resource "azurerm_monitor_action_group" "this" {
  name                = "${var.name}-on-call"
  resource_group_name = var.resource_group_name
  short_name          = "oncall"
  tags                = var.tags

  email_receiver {
    name                    = "on-call"
    email_address           = var.alert_email
    use_common_alert_schema = true
  }
}

# The workloads write these events as JSON lines.
resource "azurerm_monitor_scheduled_query_rules_alert_v2" "logged" {
  for_each = {
    drift    = { event = "drift_found", limit = 0, text = "A feature has drifted; see docs/runbook.md." }
    rejected = { event = "row_rejected", limit = 100, text = "Many rows break the data contract; see docs/runbook.md." }
  }

  name                  = "${var.name}-${each.key}"
  resource_group_name   = var.resource_group_name
  location              = var.region
  scopes                = [azurerm_log_analytics_workspace.this.id]
  description           = each.value.text
  severity              = 2
  evaluation_frequency  = "PT15M"
  window_duration       = "PT15M"
  skip_query_validation = true # The table exists once the first container has written.
  tags                  = var.tags

  criteria {
    query                   = "ContainerAppConsoleLogs_CL | where Log_s has '\"event\": \"${each.value.event}\"'"
    time_aggregation_method = "Count"
    operator                = "GreaterThan"
    threshold               = each.value.limit
  }

  action {
    action_groups = [azurerm_monitor_action_group.this.id]
  }
}

resource "azurerm_consumption_budget_resource_group" "this" {
  count = var.monthly_budget_usd > 0 ? 1 : 0

  name              = var.name
  resource_group_id = var.resource_group_id
  amount            = var.monthly_budget_usd
  time_grain        = "Monthly"

  time_period {
    start_date = "2025-01-01T00:00:00Z"
  }

  notification {
    operator       = "GreaterThan"
    threshold      = 80
    threshold_type = "Actual"
    contact_emails = [var.alert_email]
    contact_groups = [azurerm_monitor_action_group.this.id]
  }

  notification {
    operator       = "GreaterThan"
    threshold      = 100
    threshold_type = "Forecasted"
    contact_emails = [var.alert_email]
    contact_groups = [azurerm_monitor_action_group.this.id]
  }

  lifecycle {
    ignore_changes = [time_period]
  }
}
