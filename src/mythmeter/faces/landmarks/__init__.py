"""Landmark backends: each finds the mesh of one face in frame after frame."""
