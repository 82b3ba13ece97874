"""Enough of GraphQL to answer an Admin API client and to refuse what the vendor would refuse."""
