"""The face of a card, and the featured and most bought products of a brand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recsys.dataset.catalog import Catalog, brand_codes
from recsys.study.deck import Face


@dataclass(frozen=True, slots=True)
class Product:
    """A product as a customer sees it."""

    title: str
    price: int  # cents, or NO_PRICE
    featured: bool


@dataclass(frozen=True, slots=True, eq=False)
class BrandProducts:
    """The products of the shop, sorted by brand and then by purchases, most bought first."""

    catalog: Catalog
    codes: Mapping[str, int]  # brand name -> brand code
    order: NDArray[np.intp]  # (I,) item codes
    starts: NDArray[np.intp]  # (B + 1,) start of each brand in `order`

    @classmethod
    def from_catalog(cls, catalog: Catalog, item_buys: NDArray[np.int64]) -> Self:
        """Sort the items once. item_buys: (I,) number of purchases of each item in the log."""
        order = np.lexsort((-item_buys, catalog.item_brand))
        order = order[
            (catalog.item_brand[order] >= 0)
            & ~catalog.item_sensitive[order]
            & (catalog.item_title[order] != "")
        ]
        starts = np.searchsorted(catalog.item_brand[order], np.arange(len(catalog.brands) + 1))
        return cls(catalog, brand_codes(catalog), order, starts)

    def most_bought(self, brand: str, n: int) -> list[Product]:
        """Return up to n products of the brand, most bought first."""
        return [self._product(item) for item in self._items(brand)[:n]]

    def featured(self, brand: str, n: int) -> list[Product]:
        """Return up to n featured products of the brand, most bought first."""
        items = self._items(brand)
        return [self._product(item) for item in items[self.catalog.item_featured[items]][:n]]

    def face(self, position: int, brand: str, pictures: Mapping[str, str]) -> Face:
        """Return the part of a card that the browser may see, from brand and catalog alone."""
        category = self.catalog.brand_category[self.codes[brand]]
        return Face(
            position=position,
            brand=brand,
            picture=pictures.get(brand),
            category=str(self.catalog.categories[category]),
            products=tuple(product.title for product in self.most_bought(brand, 3)),
        )

    def _items(self, brand: str) -> NDArray[np.intp]:
        code = self.codes[brand]
        return self.order[self.starts[code] : self.starts[code + 1]]

    def _product(self, item: np.intp) -> Product:
        return Product(
            title=str(self.catalog.item_title[item]),
            price=int(self.catalog.item_price[item]),
            featured=bool(self.catalog.item_featured[item]),
        )
