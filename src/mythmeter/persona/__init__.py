"""A person who does not exist: geometry, skin, voice and performance of a synthetic clip."""
