"""Pieces of the memory benchmark: inputs of any length, the stages, and what watches them."""
