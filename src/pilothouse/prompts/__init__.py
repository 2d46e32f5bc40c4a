"""Prompts: versioned templates in files and in the database, which of them is used, and rendering."""
