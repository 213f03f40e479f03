"""Voice: a person's speech enrolled, a script spoken with it, and the mark in the sound."""
