"""Switches: what is killed, which features are on, and which agents work on a lower rung of their ladders."""
