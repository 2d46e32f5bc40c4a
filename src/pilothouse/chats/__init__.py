"""Chats: customers without an account come by a link, and talk with a workflow."""
