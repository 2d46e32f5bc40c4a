"""Durable runs: the journal, replay, the queue on `runs`, and the worker. Knows no HTTP and no domain."""
