output "daemon_set" {
  description = "Name of the DaemonSet."
  value       = kubernetes_daemon_set_v1.this.metadata[0].name
}
