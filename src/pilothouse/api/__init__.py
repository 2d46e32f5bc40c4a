"""The endpoints of all domains, each with what makes its service for a request."""
