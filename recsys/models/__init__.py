"""Models that rank brands for one customer or for many, and the baselines to beat."""

from recsys.models.base import BrandScore as BrandScore
from recsys.models.base import Ranker as Ranker
from recsys.models.baselines import baseline as baseline
from recsys.models.hybrid import FavouriteModel as FavouriteModel
from recsys.models.hybrid import FitOptions as FitOptions
from recsys.models.hybrid import fit as fit
from recsys.models.precomputed import ListedModel as ListedModel
