"""What is on disk: the event store, the study database, model versions, and the import of files."""
