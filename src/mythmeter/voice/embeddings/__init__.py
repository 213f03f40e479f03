"""Speaker encoders: what a voice is, as a unit vector."""
