"""The doctor: checks of data, machine and service, each with what to do."""
