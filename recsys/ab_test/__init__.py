"""A/B test of a released model: assignment of customers to variants, and the analysis."""

from recsys.ab_test.analysis import analyze_ab_test as analyze_ab_test
from recsys.ab_test.assignment import Variants as Variants
