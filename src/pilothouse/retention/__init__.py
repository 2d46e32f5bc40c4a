"""Retention: how long finished runs are kept, and what of them."""
