"""The inbox: what people are asked, and their answers."""
