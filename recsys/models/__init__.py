"""Models that rank brands for one customer or for many, and the baselines for comparison."""

from recsys.models.base import BrandScore as BrandScore
from recsys.models.base import Ranker as Ranker
from recsys.models.baselines import make_baseline as make_baseline
from recsys.models.hybrid import FitOptions as FitOptions
from recsys.models.hybrid import HybridModel as HybridModel
from recsys.models.hybrid import fit_hybrid as fit_hybrid
from recsys.models.precomputed import PrecomputedModel as PrecomputedModel
