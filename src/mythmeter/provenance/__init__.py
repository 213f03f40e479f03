"""Marks that a finished render carries, written and read back: manifest, watermark, label."""
