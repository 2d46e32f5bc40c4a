"""Contents in the database itself: all machines see them, and nothing else has to be set up."""
