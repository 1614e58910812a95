"""The catalog: the brands, categories and items of the shop, as arrays indexed by code."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recsys.dataset.events import NO_PRICE


@dataclass(frozen=True, slots=True, eq=False)
class Catalog:
    """B brands, C categories and I items of the shop, as arrays indexed by code.

    An item is a product of one brand in one category. While `lineage` stays the same, new codes
    are added and old codes never change.
    """

    lineage: str  # ID of the event store; changes when the store is started anew
    brands: NDArray[np.object_]  # (B,) display names
    categories: NDArray[np.object_]  # (C,)
    brand_category: NDArray[np.int32]  # (B,) most frequent category of its items, -1 without items
    brand_price: NDArray[np.int32]  # (B,) median list price of its items in cents, or NO_PRICE
    brand_sensitive: NDArray[np.bool_]  # (B,) true if any of its items is sensitive
    item_product: NDArray[np.object_]  # (I,) product IDs of the shop, "" where unknown
    item_title: NDArray[np.object_]  # (I,) "" where unknown
    item_brand: NDArray[np.int32]  # (I,) brand code, -1 for no brand
    item_category: NDArray[np.int32]  # (I,) category code
    item_price: NDArray[np.int32]  # (I,) list price in cents, or NO_PRICE
    item_released: NDArray[np.uint32]  # (I,) seconds since 1970, 0 where unknown
    item_featured: NDArray[np.bool_]  # (I,)
    item_sensitive: NDArray[np.bool_]  # (I,)


def brand_codes(catalog: Catalog) -> dict[str, int]:
    """Return the mapping from display name to brand code."""
    return {str(name): code for code, name in enumerate(catalog.brands)}


def main_categories(
    item_brand: NDArray[np.int32], item_category: NDArray[np.int32], brands: int
) -> NDArray[np.int32]:
    """Return each brand's most frequent item category, (brands,); ties: lowest code; else -1."""
    main_category = np.full(brands, -1, dtype=np.int32)
    branded = item_brand >= 0
    pairs = np.stack([item_brand[branded], item_category[branded]], axis=1)
    pair_codes, n_items = np.unique(pairs, axis=0, return_counts=True)
    order = np.lexsort((-pair_codes[:, 1], n_items))
    main_category[pair_codes[order, 0]] = pair_codes[order, 1]  # the last duplicate wins
    return main_category


def brand_prices(
    item_brand: NDArray[np.int32], item_price: NDArray[np.int32], brands: int
) -> NDArray[np.int32]:
    """Return each brand's lower median of item prices in cents, (brands,), or NO_PRICE."""
    priced = (item_brand >= 0) & (item_price != NO_PRICE)
    brand, price = item_brand[priced], item_price[priced]
    order = np.lexsort((price, brand))
    codes, first, n_items = np.unique(brand[order], return_index=True, return_counts=True)
    medians = np.full(brands, NO_PRICE, dtype=np.int32)
    medians[codes] = price[order][first + (n_items - 1) // 2]
    return medians


def flag_sensitive(catalog: Catalog, sensitive: Callable[[str], bool]) -> Catalog:
    """Return the catalog with all brands and items of sensitive categories flagged."""
    category_flags = [sensitive(str(name)) for name in catalog.categories]
    category_hidden = np.append(np.array(category_flags, dtype=bool), False)  # -1: no category
    items = catalog.item_sensitive | category_hidden[catalog.item_category]
    brands = catalog.brand_sensitive | category_hidden[catalog.brand_category]
    return replace(catalog, item_sensitive=items, brand_sensitive=brands)
