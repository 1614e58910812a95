"""What events are called elsewhere: a small file a published schema."""
