# Public entry: managed certificate, TLS 1.2 or newer, Cloud Armor in front; /metrics is not routed.

resource "google_compute_region_network_endpoint_group" "this" {
  count = length(var.run_services)

  name                  = var.name
  region                = var.region
  network_endpoint_type = "SERVERLESS"

  cloud_run {
    service = var.run_services[count.index]
  }
}

resource "google_compute_security_policy" "this" {
  name = var.name

  rule {
    action      = "throttle"
    priority    = 1000
    description = "Limit single clients"

    match {
      versioned_expr = "SRC_IPS_V1"

      config {
        src_ip_ranges = ["*"]
      }
    }

    rate_limit_options {
      conform_action = "allow"
      exceed_action  = "deny(429)"
      enforce_on_key = "IP"

      rate_limit_threshold {
        count        = max(600, ceil(var.peak_rps * 60))
        interval_sec = 60
      }
    }
  }

  rule {
    action      = "deny(403)"
    priority    = 900
    description = "Common injections"

    match {
      expr {
        expression = "evaluatePreconfiguredWaf('sqli-v33-stable') || evaluatePreconfiguredWaf('xss-v33-stable')"
      }
    }
  }

  rule {
    action      = "allow"
    priority    = 2147483647
    description = "Default"

    match {
      versioned_expr = "SRC_IPS_V1"

      config {
        src_ip_ranges = ["*"]
      }
    }
  }
}

resource "google_compute_backend_service" "this" {
  name                  = var.name
  protocol              = "HTTPS"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  security_policy       = google_compute_security_policy.this.id

  dynamic "backend" {
    for_each = google_compute_region_network_endpoint_group.this

    content {
      group = backend.value.id
    }
  }

  log_config {
    enable      = true
    sample_rate = 0.1
  }
}

resource "google_compute_url_map" "this" {
  name            = var.name
  default_service = google_compute_backend_service.this.id

  host_rule {
    hosts        = [var.domain_name]
    path_matcher = "api"
  }

  path_matcher {
    name            = "api"
    default_service = google_compute_backend_service.this.id

    path_rule {
      paths = ["/metrics", "/metrics/*"]

      url_redirect {
        path_redirect          = "/health/ready"
        redirect_response_code = "FOUND"
        strip_query            = true
      }
    }
  }
}

resource "google_compute_managed_ssl_certificate" "this" {
  name = var.name

  managed {
    domains = [var.domain_name]
  }
}

resource "google_compute_ssl_policy" "this" {
  name            = var.name
  profile         = "MODERN"
  min_tls_version = "TLS_1_2"
}

resource "google_compute_target_https_proxy" "this" {
  name             = var.name
  url_map          = google_compute_url_map.this.id
  ssl_certificates = [google_compute_managed_ssl_certificate.this.id]
  ssl_policy       = google_compute_ssl_policy.this.id
}

resource "google_compute_global_address" "this" {
  name = "${var.name}-gateway"
}

resource "google_compute_global_forwarding_rule" "this" {
  name                  = var.name
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.this.address
  port_range            = "443"
  target                = google_compute_target_https_proxy.this.id
}

resource "google_monitoring_alert_policy" "latency" {
  display_name          = "${var.name}: answers are slow"
  combiner              = "OR"
  notification_channels = var.notification_channel_ids

  conditions {
    display_name = "latency is over ${var.latency_slo_ms} ms"

    condition_threshold {
      filter          = "resource.type = \"https_lb_rule\" AND resource.labels.url_map_name = \"${google_compute_url_map.this.name}\" AND metric.type = \"loadbalancing.googleapis.com/https/backend_latencies\""
      comparison      = "COMPARISON_GT"
      threshold_value = var.latency_slo_ms
      duration        = "300s"

      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_PERCENTILE_${floor(var.latency_percentile) >= 99 ? 99 : 95}"
      }
    }
  }

  documentation {
    content = "See docs/runbook.md."
  }
}
