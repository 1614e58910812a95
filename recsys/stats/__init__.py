"""General statistics: estimates with intervals, sequential tests, measures of shares and ranks."""

from recsys.stats.betting import FRACTIONS as FRACTIONS
from recsys.stats.betting import ScoreCounts as ScoreCounts
from recsys.stats.betting import betting_estimate as betting_estimate
from recsys.stats.betting import criterion_outcomes as criterion_outcomes
from recsys.stats.betting import log_mean_exp as log_mean_exp
from recsys.stats.betting import log_steps as log_steps
from recsys.stats.betting import smallest_panel as smallest_panel
from recsys.stats.betting import study_outcomes as study_outcomes
from recsys.stats.estimates import Bools as Bools
from recsys.stats.estimates import Estimate as Estimate
from recsys.stats.estimates import Floats as Floats
from recsys.stats.estimates import clip_rounding as clip_rounding
from recsys.stats.estimates import estimate_to_row as estimate_to_row
from recsys.stats.estimates import unit_scores as unit_scores
from recsys.stats.measures import ClusteredProportion as ClusteredProportion
from recsys.stats.measures import clustered_proportion as clustered_proportion
from recsys.stats.measures import graded_auc as graded_auc
from recsys.stats.measures import safe_divide as safe_divide
from recsys.stats.measures import standardized_difference as standardized_difference
from recsys.stats.measures import standardized_gap as standardized_gap
