"""Brandswipe's functional core: values in, values out, nothing opened.

The whole of it is one line, one file an arrow:

    events -> signals -> model -> deck -> swipes -> report -> gate

and its verbs: check, summarise, fit, rank, deal, stand, tally, decide.
"""
