"""Synthesisers, one file each, chosen by name in the config."""
