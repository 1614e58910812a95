"""Event files in, a segment of the store out: the steps of `app.ingest`, a file each."""
