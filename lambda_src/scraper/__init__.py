"""The function that works the scraping queue: fans sweeps out, and scrapes."""
