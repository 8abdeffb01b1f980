"""From a change to words: which rules it meets, what is told of it, and what is remembered."""
