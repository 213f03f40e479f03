"""Experiments that run stages: one setting against another, measured in turns in one job."""
