"""Uploads: files that people and programs give to runs, looked at before anybody opens them."""
