"""Brandswipe's functional core: values in, values out, nothing opened.

Folders in the order of import; nothing imports to its right:

    dataset -> models -> evaluation -> study -> report -> ab_test, simulation

`errors` and `stats` stand below them all. One function of each, in the order of a datum:
`dataset.aggregate_events`, `models.fit_hybrid`, `evaluation.evaluate_rankers`, `study.deal_deck`,
`study.score_deck`, `report.build_report`, `report.decide`, `ab_test.analyze_ab_test`.
"""
