"""The shop's own warehouse: queries that export or aggregate its log, and engines to run them."""
