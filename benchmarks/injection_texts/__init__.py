"""Texts that are made, not collected: attacks and harmless ones, from the templates beside this file."""
