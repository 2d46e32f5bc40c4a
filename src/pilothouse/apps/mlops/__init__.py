"""The MLOps architect: from one sentence to a design, its bill and a working repository."""
