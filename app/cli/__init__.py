"""The terminal: each command reads its arguments, calls one use case and prints."""
