"""What has to hold of a model's answer in the place of an expert's: pure checks of an input and an output.

Each returns what is wrong, for the model to read; nothing where nothing is. A customer's words are evidence
here, never instructions: whatever they ask a model for, only what they say can come of it.
"""
