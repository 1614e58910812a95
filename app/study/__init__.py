"""The use cases of a study: opening, inviting, dealing, playing, results, privacy, simulation."""
