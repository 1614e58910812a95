"""The report as one file that can be mailed: no script, no request, nothing beside it."""
