"""The game: consent, brand picker, deck, reveal."""
