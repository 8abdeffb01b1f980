"""The embedded AWS and the demo shop: the same monitor on a laptop."""
