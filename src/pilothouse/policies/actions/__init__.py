"""Policies about actions: what an agent may do with a tool, decided before every call."""
