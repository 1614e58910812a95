"""The event store: numbered, immutable segments with one row per event, and the catalogue."""
