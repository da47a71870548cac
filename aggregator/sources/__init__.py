"""Doors to literature: each source in its own file."""
