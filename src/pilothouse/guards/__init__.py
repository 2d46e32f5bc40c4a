"""Guards: checks on text going in or out, each of which reports findings and never the text itself.

This package holds what every guard shares (`findings`) and the detection of personal data and secrets
(`detector`, `rules`) with reversible masking (`masking`, `values`).
"""
