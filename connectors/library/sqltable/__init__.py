"""A table or view of the retailer's own PostgreSQL, read on by its rows' times of change."""
