output "grants" {
  description = "What a consumer may do with the event hubs."
  value = [
    { scope = azurerm_eventhub.this["events"].id, role = "Azure Event Hubs Data Receiver" },
    { scope = azurerm_eventhub.this["results"].id, role = "Azure Event Hubs Data Sender" },
  ]
}

output "settings" {
  description = "Environment of the workloads that read events."
  value = {
    STREAM_URI  = "kafka+entra://${azurerm_eventhub_namespace.this.name}.servicebus.windows.net:9093/events"
    RESULTS_URI = "kafka+entra://${azurerm_eventhub_namespace.this.name}.servicebus.windows.net:9093/results"
  }
}

output "producer_grants" {
  description = "What a producer may do with the event hub."
  value       = [{ scope = azurerm_eventhub.this["events"].id, role = "Azure Event Hubs Data Sender" }]
}
