"""What follows a release: customers are assigned to variants and the A/B test is analyzed."""

from recsys.ab_test.analysis import analyze_ab_test as analyze_ab_test
from recsys.ab_test.assignment import Variants as Variants
