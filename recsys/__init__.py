"""Brandswipe's core: pure functions that open no file, database or connection.

The folders in the order of import. A folder imports only folders to its left:

    dataset -> models -> evaluation -> study -> report -> ab_test, simulation

Every folder may import `errors`, `progress` and `stats`. The main functions, in the order of the
data flow: `dataset.aggregate_events`, `models.fit_hybrid`, `evaluation.evaluate_rankers`,
`study.deal_deck`, `study.score_deck`, `report.build_report`, `report.decide`,
`ab_test.analyze_ab_test`.
"""
