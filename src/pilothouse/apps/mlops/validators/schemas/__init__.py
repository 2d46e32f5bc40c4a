"""JSON schemas of the files that other tools read, as data beside this module."""
