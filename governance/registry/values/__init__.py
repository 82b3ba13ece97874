"""Value tables: what one system's words are called in another, per retailer and pair of connections."""
