"""Events of a shop, its catalog, and the events aggregated per customer and brand."""

from recsys.dataset.catalog import Catalog as Catalog
from recsys.dataset.event_aggregation import aggregate_events as aggregate_events
from recsys.dataset.evidence import Evidence as Evidence
from recsys.dataset.interactions import Interactions as Interactions
