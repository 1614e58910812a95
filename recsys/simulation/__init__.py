"""A planted (simulated) shop with known favourites, and simulated employees that answer decks."""

from recsys.simulation.shop import Shop as Shop
from recsys.simulation.shop import plant_shop as plant_shop
