"""Events of a shop, its catalog, and the evidence that events add up to."""

from recsys.dataset.aggregation import summarise as summarise
from recsys.dataset.catalog import Catalogue as Catalogue
from recsys.dataset.evidence import Evidence as Evidence
from recsys.dataset.interactions import Lesson as Lesson
