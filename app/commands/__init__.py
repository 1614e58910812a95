"""The terminal's commands, a file a subject. Data goes to stdout, words to stderr."""
