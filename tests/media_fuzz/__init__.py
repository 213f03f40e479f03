"""Seeded mutations of real containers, each put through what a user's file goes through."""
