"""Texts in two languages, colors, fonts and explanations, for every page, file and chart."""
