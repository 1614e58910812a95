"""What follows a release: customers are assigned to variants and the A/B test is analyzed."""

from recsys.ab_test.analysis import read as read
from recsys.ab_test.assignment import Arms as Arms
