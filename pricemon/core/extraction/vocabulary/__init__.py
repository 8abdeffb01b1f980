"""Words that shops use, as tables: no logic beyond building them."""
