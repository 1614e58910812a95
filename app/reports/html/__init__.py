"""The report as one HTML file without scripts."""
