"""Commands on model versions."""
