"""The study database in SQLite: studies, decks, swipes, decisions; each row in a hash chain."""
