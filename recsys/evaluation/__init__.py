"""Offline evaluation on held-out purchases: metrics, tuning, slices, comparison of two versions."""

from recsys.evaluation.offline import evaluate as evaluate
from recsys.evaluation.tuning import weigh as weigh
