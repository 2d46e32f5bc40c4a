"""The places that secrets come from."""
