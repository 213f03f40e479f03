"""Probe, decode, encode and mux: the only room that touches PyAV and ffmpeg."""
