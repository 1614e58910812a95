"""The workspace: its settings, keys, policies, lock and log, and the resources opened in it."""
