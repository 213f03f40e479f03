"""Mythmeter: make one deepfake, of a person who agreed to it, and itemise the bill."""

__version__ = "0.1.0"
