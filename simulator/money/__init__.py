"""Activity becomes money, and what of a saving becomes cash."""
