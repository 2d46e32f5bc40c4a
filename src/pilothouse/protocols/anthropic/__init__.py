"""Anthropic's messages at the gateway's rim: read into chat completions, and their answers written back."""
