"""Brandswipe's functional core: values in, values out, nothing opened.

Folders in the order of import; nothing imports to its right:

    dataset -> models -> evaluation -> study -> report -> ab_test, simulation

`errors` and `stats` stand below them all. The verbs of one study, in the order of a datum:
summarise events, fit a model, rank brands, deal a deck, score it, tally a report, decide a verdict.
"""
