"""Renders started at once: what a run of k measured, and what a simulation says of it."""
