"""Import of event files into a new segment of the event store; `pipeline` runs the steps."""
