"""Who may do what: policies in Cedar, and the permissions that the API asks for."""
