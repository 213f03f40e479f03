"""Weights and footage as inputs of the workflow: what they are, their origin, their licence."""
