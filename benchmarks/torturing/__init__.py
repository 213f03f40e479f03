"""Pieces of the torture harness: a scratch checkout, a killer, and a comparison of two runs."""
