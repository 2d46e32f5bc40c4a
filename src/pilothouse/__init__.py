"""Run AI agents in production: durable runs, governed actions, people in the loop."""
