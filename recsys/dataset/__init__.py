"""Events of a shop, its catalog, and the evidence that events add up to."""

from recsys.dataset.aggregation import aggregate_events as aggregate_events
from recsys.dataset.catalog import Catalog as Catalog
from recsys.dataset.evidence import Evidence as Evidence
from recsys.dataset.interactions import Interactions as Interactions
