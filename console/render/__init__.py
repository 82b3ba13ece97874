"""How data looks in words, pages and files."""
