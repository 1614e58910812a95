"""The log schemas that are known by name, and the SQL dialects they are read in."""
