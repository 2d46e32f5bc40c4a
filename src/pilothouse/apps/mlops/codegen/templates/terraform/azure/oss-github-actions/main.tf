# GitHub's workflows sign in by workload identity federation: no secret is stored anywhere.

resource "azurerm_user_assigned_identity" "deploy" {
  name                = "${var.name}-deploy"
  resource_group_name = var.resource_group_name
  location            = var.region
  tags                = var.tags
}

resource "azurerm_federated_identity_credential" "github" {
  name                = "github"
  resource_group_name = var.resource_group_name
  parent_id           = azurerm_user_assigned_identity.deploy.id
  issuer              = "https://token.actions.githubusercontent.com"
  subject             = "repo:${var.github_repository}:environment:production"
  audience            = ["api://AzureADTokenExchange"]
}

resource "azurerm_role_assignment" "push" {
  count = length(var.registry_ids)

  scope                = var.registry_ids[count.index]
  role_definition_name = "AcrPush"
  principal_id         = azurerm_user_assigned_identity.deploy.principal_id
}

resource "azurerm_role_assignment" "rollout" {
  count = length(var.app_ids)

  scope                = var.app_ids[count.index]
  role_definition_name = "Container Apps Contributor"
  principal_id         = azurerm_user_assigned_identity.deploy.principal_id
}

resource "azurerm_role_assignment" "models" {
  count = length(var.ml_workspace_ids)

  scope                = var.ml_workspace_ids[count.index]
  role_definition_name = "AzureML Data Scientist"
  principal_id         = azurerm_user_assigned_identity.deploy.principal_id
}
