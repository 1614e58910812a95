"""Queries that export or aggregate a shop's log in its own warehouse, and engines to run them."""
