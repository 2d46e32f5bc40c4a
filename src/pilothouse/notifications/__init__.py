"""Notifications: messages that leave the installation for a person, by e-mail."""
