"""How `pricemon.config` reads, checks and explains a file. Private to it."""
