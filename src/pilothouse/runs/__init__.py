"""Runs: submitted, listed, shown, followed live, cancelled and retried."""
