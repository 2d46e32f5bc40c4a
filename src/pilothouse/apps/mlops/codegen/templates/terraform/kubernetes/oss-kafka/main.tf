# Kafka in KRaft mode, run by Strimzi: TLS, mutual authentication, one user per workload.

resource "helm_release" "operator" {
  name       = "strimzi"
  namespace  = var.namespace
  repository = "https://strimzi.io/charts/"
  chart      = "strimzi-kafka-operator"
  version    = "0.48.0"

  values = [yamlencode({
    watchNamespaces = []
    resources       = { requests = { cpu = "200m", memory = "384Mi" }, limits = { memory = "384Mi" } }
  })]
}

locals {
  cluster = "stream"

  topics = { events = var.retention_hours, results = 24, dead-letters = 336 }
}

module "manifests" {
  source = "../manifests"

  release   = "stream"
  namespace = var.namespace
  manifests = concat(
    [
      {
        apiVersion = "kafka.strimzi.io/v1beta2"
        kind       = "KafkaNodePool"
        metadata   = { name = "nodes", labels = { "strimzi.io/cluster" = local.cluster } }
        spec = {
          replicas  = max(3, var.nodes)
          roles     = ["broker", "controller"]
          resources = { requests = { cpu = "${floor(var.cpu * 1000)}m", memory = "${var.memory_mb}Mi" }, limits = { memory = "${var.memory_mb}Mi" } }
          storage = {
            type        = "persistent-claim"
            size        = "${var.storage_gb}Gi"
            class       = var.storage_class
            deleteClaim = false
          }
          template = { pod = { metadata = { labels = { "app.kubernetes.io/part-of" = var.name } } } }
        }
      },
      {
        apiVersion = "kafka.strimzi.io/v1beta2"
        kind       = "Kafka"
        metadata   = { name = local.cluster, annotations = { "strimzi.io/node-pools" = "enabled", "strimzi.io/kraft" = "enabled" } }
        spec = {
          kafka = {
            authorization = { type = "simple" }
            listeners = [{
              name           = "tls"
              port           = 9093
              type           = "internal"
              tls            = true
              authentication = { type = "tls" }
              networkPolicyPeers = [
                for app in ["score", "service", "training", "update-features"] : { podSelector = { matchLabels = { "app.kubernetes.io/name" = app } } }
              ]
            }]
            config = {
              "auto.create.topics.enable"        = "false"
              "default.replication.factor"       = 3
              "min.insync.replicas"              = 2
              "offsets.topic.replication.factor" = 3
            }
          }
          entityOperator = { topicOperator = {}, userOperator = {} }
        }
      },
      {
        apiVersion = "kafka.strimzi.io/v1beta2"
        kind       = "KafkaUser"
        metadata   = { name = "service", labels = { "strimzi.io/cluster" = local.cluster } }
        spec = {
          authentication = { type = "tls" }
          authorization = {
            type = "simple"
            acls = [
              { resource = { type = "topic", name = "events" }, operations = ["Describe", "Read"] },
              { resource = { type = "topic", name = "results" }, operations = ["Describe", "Write"] },
              { resource = { type = "topic", name = "dead-letters" }, operations = ["Describe", "Write"] },
              { resource = { type = "group", name = var.name }, operations = ["Read"] },
            ]
          }
        }
      },
      {
        apiVersion = "policy/v1"
        kind       = "PodDisruptionBudget"
        metadata   = { name = "stream" }
        spec       = { maxUnavailable = 1, selector = { matchLabels = { "strimzi.io/cluster" = local.cluster, "strimzi.io/kind" = "Kafka" } } }
      },
    ],
    [
      for topic, hours in local.topics : {
        apiVersion = "kafka.strimzi.io/v1beta2"
        kind       = "KafkaTopic"
        metadata   = { name = topic, labels = { "strimzi.io/cluster" = local.cluster } }
        spec = {
          partitions = topic == "dead-letters" ? 1 : var.partitions
          replicas   = 3
          config     = { "retention.ms" = hours * 3600000 }
        }
      }
    ],
  )

  depends_on = [helm_release.operator]
}
