"""Offline evaluation on held-out events: metrics, tuning, slices, comparison, behavioral tests."""

from recsys.evaluation.offline import evaluate_rankers as evaluate_rankers
from recsys.evaluation.tuning import tune_hybrid_params as tune_hybrid_params
