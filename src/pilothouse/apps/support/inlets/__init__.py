"""Files that bring tickets: an e-mail, or a table of them. What cannot be read is told, and stops nothing."""
