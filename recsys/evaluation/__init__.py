"""Offline evaluation on held-out purchases: metrics, tuning, slices, comparison of two versions."""

from recsys.evaluation.offline import evaluate_rankers as evaluate_rankers
from recsys.evaluation.tuning import tune_hybrid_params as tune_hybrid_params
