"""Lips: mouth shapes and textures from the person's own footage, chosen by the new speech."""
