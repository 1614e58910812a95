"""The study report: wording, tables, charts, exports, model card, release and A/B test."""
