# Public entry: TLS 1.2 or newer, web application firewall in prevention mode; /metrics is not routed.

resource "azurerm_public_ip" "this" {
  name                = "${var.name}-gateway"
  resource_group_name = var.resource_group_name
  location            = var.region
  allocation_method   = "Static"
  sku                 = "Standard"
  zones               = var.high_availability ? ["1", "2", "3"] : null
  tags                = var.tags
}

resource "azurerm_user_assigned_identity" "this" {
  name                = "${var.name}-gateway"
  resource_group_name = var.resource_group_name
  location            = var.region
  tags                = var.tags
}

resource "azurerm_role_assignment" "certificate" {
  count = length(var.vault_ids)

  scope                = var.vault_ids[count.index]
  role_definition_name = "Key Vault Secrets User"
  principal_id         = azurerm_user_assigned_identity.this.principal_id
}

resource "azurerm_web_application_firewall_policy" "this" {
  name                = var.name
  resource_group_name = var.resource_group_name
  location            = var.region
  tags                = var.tags

  policy_settings {
    enabled = true
    mode    = "Prevention"
  }

  managed_rules {
    managed_rule_set {
      type    = "OWASP"
      version = "3.2"
    }
  }

  custom_rules {
    name                 = "ratelimit"
    priority             = 10
    rule_type            = "RateLimitRule"
    action               = "Block"
    rate_limit_duration  = "OneMin"
    rate_limit_threshold = max(600, ceil(var.peak_rps * 60))
    group_rate_limit_by  = "ClientAddr"

    match_conditions {
      operator     = "Contains"
      match_values = ["/"]

      match_variables {
        variable_name = "RequestUri"
      }
    }
  }

  custom_rules {
    name      = "nometrics"
    priority  = 20
    rule_type = "MatchRule"
    action    = "Block"

    match_conditions {
      operator     = "BeginsWith"
      match_values = ["/metrics"]

      match_variables {
        variable_name = "RequestUri"
      }
    }
  }
}

resource "azurerm_application_gateway" "this" {
  name                = var.name
  resource_group_name = var.resource_group_name
  location            = var.region
  firewall_policy_id  = azurerm_web_application_firewall_policy.this.id
  zones               = var.high_availability ? ["1", "2", "3"] : null
  tags                = var.tags

  sku {
    name = "WAF_v2"
    tier = "WAF_v2"
  }

  autoscale_configuration {
    min_capacity = max(1, var.replicas)
    max_capacity = max(2, var.max_replicas)
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.this.id]
  }

  gateway_ip_configuration {
    name      = "gateway"
    subnet_id = var.gateway_subnet_id
  }

  frontend_ip_configuration {
    name                 = "public"
    public_ip_address_id = azurerm_public_ip.this.id
  }

  frontend_port {
    name = "https"
    port = 443
  }

  ssl_certificate {
    name                = "service"
    key_vault_secret_id = var.certificate_secret_id
  }

  ssl_policy {
    policy_type = "Predefined"
    policy_name = "AppGwSslPolicy20220101"
  }

  backend_address_pool {
    name  = "service"
    fqdns = var.service_fqdns
  }

  probe {
    name                                      = "ready"
    protocol                                  = "Https"
    path                                      = "/health/ready"
    interval                                  = 15
    timeout                                   = 5
    unhealthy_threshold                       = 3
    pick_host_name_from_backend_http_settings = true
  }

  backend_http_settings {
    name                                = "service"
    protocol                            = "Https"
    port                                = 443
    cookie_based_affinity               = "Disabled"
    pick_host_name_from_backend_address = true
    request_timeout                     = 30
    probe_name                          = "ready"
  }

  http_listener {
    name                           = "https"
    protocol                       = "Https"
    frontend_ip_configuration_name = "public"
    frontend_port_name             = "https"
    ssl_certificate_name           = "service"
    host_name                      = var.domain_name
  }

  request_routing_rule {
    name                       = "service"
    priority                   = 10
    rule_type                  = "Basic"
    http_listener_name         = "https"
    backend_address_pool_name  = "service"
    backend_http_settings_name = "service"
  }

  depends_on = [azurerm_role_assignment.certificate]
}

resource "azurerm_monitor_metric_alert" "latency" {
  name                = "${var.name}-gateway-latency"
  resource_group_name = var.resource_group_name
  scopes              = [azurerm_application_gateway.this.id]
  description         = "Answers take longer than ${var.latency_slo_ms} ms; see docs/runbook.md."
  tags                = var.tags

  criteria {
    metric_namespace = "Microsoft.Network/applicationGateways"
    metric_name      = "BackendLastByteResponseTime"
    aggregation      = "Average"
    operator         = "GreaterThan"
    threshold        = var.latency_slo_ms
  }

  dynamic "action" {
    for_each = var.action_group_ids

    content {
      action_group_id = action.value
    }
  }
}
