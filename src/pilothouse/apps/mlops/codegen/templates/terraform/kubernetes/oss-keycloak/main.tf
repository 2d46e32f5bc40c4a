# The identity provider of people and callers; its database password comes from a secret made outside Terraform.

module "database" {
  source = "../stateful"

  name          = var.name
  namespace     = var.namespace
  labels        = var.labels
  app           = "identity-database"
  image         = "postgres:17.6-alpine"
  port          = 5432
  nodes         = 1
  storage_gb    = max(5, var.storage_gb)
  storage_class = var.storage_class
  data_path     = "/var/lib/postgresql/data"
  run_as_user   = 70
  secrets       = ["identity-database"]
  allow_from    = ["identity"]

  settings = {
    PGDATA      = "/var/lib/postgresql/data/main"
    POSTGRES_DB = "keycloak"
  }
}

module "server" {
  source = "../workload"

  name             = var.name
  namespace        = var.namespace
  labels           = var.labels
  app              = "identity"
  image            = "quay.io/keycloak/keycloak:26.3.5"
  args             = ["start"]
  port             = 8080
  metrics_port     = 9000
  replicas         = max(1, var.replicas)
  max_replicas     = max(1, var.replicas)
  cpu              = var.cpu
  memory_mb        = max(1024, var.memory_mb)
  run_as_user      = 1000
  secrets          = ["identity-admin", "identity-database"]
  health_path      = "/realms/master"
  ready_path       = "/realms/master"
  startup_seconds  = 180
  allow_from       = ["service"]
  allow_namespaces = [var.ingress_namespace]

  settings = {
    KC_DB                = "postgres"
    KC_DB_URL            = "jdbc:postgresql://${module.database.host}:5432/keycloak"
    KC_HOSTNAME          = "https://login.${var.domain_name}"
    KC_HTTP_ENABLED      = "true" # TLS ends at the gateway.
    KC_PROXY_HEADERS     = "xforwarded"
    KC_METRICS_ENABLED   = "true"
    KC_CACHE_CONFIG_FILE = "cache-ispn.xml"
    JAVA_OPTS_APPEND     = "-Djava.io.tmpdir=/tmp"
  }
}
