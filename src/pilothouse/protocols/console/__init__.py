"""The web console as this server brings it: files that were built from `console/`."""
