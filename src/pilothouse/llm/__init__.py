"""Models: which there are, under which names, and how they are asked."""
