# Resources stay in the region they were promised to, and people on call read telemetry but not data.

# Built-in policy "Allowed locations".
resource "azurerm_resource_group_policy_assignment" "residency" {
  name                 = "residency"
  display_name         = "Resources of ${var.name} stay in ${var.region}"
  resource_group_id    = var.resource_group_id
  policy_definition_id = "/providers/Microsoft.Authorization/policyDefinitions/e56962a6-4747-49cd-b67b-bf8b01975c4c"

  parameters = jsonencode({
    listOfAllowedLocations = { value = [var.region, "global"] }
  })
}

resource "azurerm_role_definition" "operator" {
  name        = "Operator of ${var.name}"
  scope       = var.resource_group_id
  description = "Reads logs and metrics, nothing else"

  permissions {
    actions = [
      "Microsoft.App/containerApps/read",
      "Microsoft.DataFactory/factories/read",
      "Microsoft.Insights/alertRules/read",
      "Microsoft.Insights/metrics/read",
      "Microsoft.OperationalInsights/workspaces/query/read",
      "Microsoft.OperationalInsights/workspaces/read",
    ]
  }

  assignable_scopes = [var.resource_group_id]
}

resource "azurerm_role_assignment" "operator" {
  count = var.operator_group_id == "" ? 0 : 1

  scope              = var.resource_group_id
  role_definition_id = azurerm_role_definition.operator.role_definition_resource_id
  principal_id       = var.operator_group_id
}
