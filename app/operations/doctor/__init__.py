"""The doctor: checks of data, machine and service, each with a remedy."""
