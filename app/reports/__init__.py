"""The report on paper: wording, tables, charts, exports, model card, release, A/B test."""
