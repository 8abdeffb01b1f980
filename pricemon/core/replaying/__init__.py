"""Bringing back changes that the stream processor could not handle."""
