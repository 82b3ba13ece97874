"""Copies of the database, and the way back: `manage.py backup` and `manage.py restore`."""
