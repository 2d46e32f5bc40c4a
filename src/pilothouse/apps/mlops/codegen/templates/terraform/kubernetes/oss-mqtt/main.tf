# The broker that devices report to: TLS with client certificates, topics by device name.

module "broker" {
  source = "../stateful"

  name             = var.name
  namespace        = var.namespace
  labels           = var.labels
  app              = "mqtt"
  image            = "eclipse-mosquitto:2.0.22"
  args             = ["/usr/sbin/mosquitto", "-c", "/etc/system/mosquitto.conf"]
  port             = 8883
  nodes            = 1
  cpu              = var.cpu
  memory_mb        = var.memory_mb
  storage_gb       = var.storage_gb
  storage_class    = var.storage_class
  data_path        = "/mosquitto/data"
  run_as_user      = 1883
  secrets          = [var.tls_secret]
  allow_from       = ["service"]
  allow_namespaces = [var.ingress_namespace]

  files = {
    "mosquitto.conf" = join("\n", [
      "listener 8883",
      "cafile /etc/system/tls/ca.crt",
      "certfile /etc/system/tls/tls.crt",
      "keyfile /etc/system/tls/tls.key",
      "require_certificate true",
      "use_identity_as_username true",
      "allow_anonymous false",
      "acl_file /etc/system/acl",
      "persistence true",
      "persistence_location /mosquitto/data/",
      "max_queued_messages 100000",
      "log_dest stdout",
      "",
    ])
    "acl" = join("\n", [
      "# A device publishes under its own name and reads what is meant for it.",
      "pattern write devices/%u/#",
      "pattern read devices/%u/commands",
      "pattern read models/#",
      "",
    ])
  }
}
