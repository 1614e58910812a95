"""The catalog: what the shop sells, as arrays by brand, category and item code."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recsys.dataset.events import NO_PRICE


@dataclass(frozen=True, slots=True, eq=False)
class Catalog:
    """What the shop sells, as arrays by code. Codes only ever grow while `lineage` is the same.

    B brands, C categories, I items (an item is a product of one brand in one category).
    """

    lineage: str  # names the store since it was last started anew
    brands: NDArray[np.object_]  # (B,) display names
    categories: NDArray[np.object_]  # (C,)
    brand_category: NDArray[np.int32]  # (B,) the category most of its items are in
    brand_price: NDArray[np.int32]  # (B,) median list price of its items in cents, or NO_PRICE
    brand_sensitive: NDArray[np.bool_]  # (B,) one sensitive item is enough
    item_product: NDArray[np.object_]  # (I,) product ids of the shop, "" where the log had none
    item_title: NDArray[np.object_]  # (I,) "" where unknown
    item_brand: NDArray[np.int32]  # (I,) brand code, -1 for no brand
    item_category: NDArray[np.int32]  # (I,) category code
    item_price: NDArray[np.int32]  # (I,) list price in cents, or NO_PRICE
    item_released: NDArray[np.uint32]  # (I,) seconds since 1970, 0 where unknown
    item_featured: NDArray[np.bool_]  # (I,)
    item_sensitive: NDArray[np.bool_]  # (I,)


def brand_codes(catalog: Catalog) -> dict[str, int]:
    """Return the code of every brand by its display name."""
    return {str(name): code for code, name in enumerate(catalog.brands)}


def main_categories(
    item_brand: NDArray[np.int32], item_category: NDArray[np.int32], brands: int
) -> NDArray[np.int32]:
    """Return for each brand the category most of its items are in, the first of equals, else -1."""
    main_category = np.full(brands, -1, dtype=np.int32)
    branded = item_brand >= 0
    pairs = np.stack([item_brand[branded], item_category[branded]], axis=1)
    pair_codes, n_items = np.unique(pairs, axis=0, return_counts=True)
    order = np.lexsort((-pair_codes[:, 1], n_items))
    main_category[pair_codes[order, 0]] = pair_codes[order, 1]  # the last written stays
    return main_category


def brand_prices(
    item_brand: NDArray[np.int32], item_price: NDArray[np.int32], brands: int
) -> NDArray[np.int32]:
    """Return each brand's median item price in cents (the lower of two middles), or NO_PRICE."""
    priced = (item_brand >= 0) & (item_price != NO_PRICE)
    brand, price = item_brand[priced], item_price[priced]
    order = np.lexsort((price, brand))
    codes, first, n_items = np.unique(brand[order], return_index=True, return_counts=True)
    medians = np.full(brands, NO_PRICE, dtype=np.int32)
    medians[codes] = price[order][first + (n_items - 1) // 2]
    return medians


def flag_sensitive(catalog: Catalog, sensitive: Callable[[str], bool]) -> Catalog:
    """Return the catalogue with all that is of a sensitive category flagged as sensitive."""
    category_flags = [sensitive(str(name)) for name in catalog.categories]
    category_hidden = np.append(np.array(category_flags, dtype=bool), False)  # -1: no category
    items = catalog.item_sensitive | category_hidden[catalog.item_category]
    brands = catalog.brand_sensitive | category_hidden[catalog.brand_category]
    return replace(catalog, item_sensitive=items, brand_sensitive=brands)
