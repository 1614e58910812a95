"""Event files in, a segment of the event store out: the steps of `pipeline`, a file each."""
