"""What holds for every HTTP request: who may ask, how large it may be, and how errors are told."""
