"""The event store: numbered, immutable segments with one row an event, and their catalog."""
