"""Learn a person's face once, and put it into the crops of any target."""
