"""Products of the planted shop: titles, prices and release dates for each brand."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recsys.dataset.events import Col, ProductCol
from recsys.errors import UnknownNameError
from recsys.simulation import parameters

DAY = 86_400  # seconds

COLORS = ("black", "white", "blue", "green", "red", "sand", "grey", "pink")
PACKS = ("single", "set of 2", "set of 4", "set of 6", "family pack", "gift box")
SIZES = ("small", "medium", "large", "travel size", "extra large")
EDITIONS = ("standard", "deluxe", "anniversary", "starter", "limited", "extended")
COVERS = ("paperback", "hardcover", "illustrated", "pocket", "gift edition", "omnibus")
MODELS = ("first series", "second series", "Lite", "Plus", "Pro", "compact")


@dataclass(frozen=True, slots=True)
class ProductLine:
    """Products of a category: typical price in euros, nouns and variants for the titles."""

    euros: float
    nouns: tuple[str, ...]
    variants: tuple[str, ...]


def _product_line(euros: float, nouns: str, variants: tuple[str, ...]) -> ProductLine:
    return ProductLine(euros, tuple(noun.strip() for noun in nouns.split(",")), variants)


PRODUCT_LINES: dict[str, ProductLine] = {
    "Writing and drawing": _product_line(
        9, "fineliners, pencils, markers, fountain pen, brush pens", PACKS
    ),
    "Paper and planners": _product_line(13, "notebook, planner, sketchbook, diary, pad", COLORS),
    "Office supplies": _product_line(14, "binders, label maker, stapler, sticky notes, ink", PACKS),
    "Video games": _product_line(
        45, "adventure game, racing game, controller, console, party game", EDITIONS
    ),
    "PC gaming and components": _product_line(
        75, "mouse, keyboard, headset, memory, storage drive", MODELS
    ),
    "Board games and puzzles": _product_line(
        24, "family game, card game, puzzle, dice game", EDITIONS
    ),
    "Toys": _product_line(24, "play set, figure, vehicle, building box, first toy", PACKS),
    "Models and collectables": _product_line(
        26, "model kit, paint set, miniature, starter kit", EDITIONS
    ),
    "Fiction and non-fiction publishers": _product_line(
        19, "novel, thriller, guide, atlas, biography", COVERS
    ),
    "Children's books and comics": _product_line(
        14, "picture book, comic, first reader, manga", COVERS
    ),
    "Phones": _product_line(340, "smartphone, phone, tablet, watch", MODELS),
    "Phone accessories": _product_line(
        13, "screen protector, phone case, charger, cable, holder", COLORS
    ),
    "Batteries and cables": _product_line(
        9, "AA batteries, AAA batteries, cable, socket, adapter", PACKS
    ),
    "Laptops and tablets": _product_line(
        480, "laptop, tablet, monitor, e-reader, docking station", MODELS
    ),
    "Networking and smart home": _product_line(
        80, "router, camera, smart plug, sensor, mesh set", MODELS
    ),
    "Lighting": _product_line(32, "lamp, bulb, light strip, floor lamp, spotlight", COLORS),
    "Audio": _product_line(110, "headphones, earbuds, speaker, soundbar, turntable", COLORS),
    "Television and projection": _product_line(
        390, "television, projector, wall mount, monitor", MODELS
    ),
    "Photography": _product_line(190, "camera, lens, tripod, bag, memory card, film", MODELS),
    "Musical instruments": _product_line(
        120, "guitar, keyboard, microphone, strings, interface", MODELS
    ),
    "Coffee and tea": _product_line(30, "coffee machine, beans, capsules, grinder, tea", PACKS),
    "Cookware and tableware": _product_line(
        38, "frying pan, casserole, knife, plates, storage box", SIZES
    ),
    "Kitchen appliances": _product_line(95, "mixer, blender, toaster, kettle, air fryer", COLORS),
    "Cleaning and laundry": _product_line(26, "detergent, tablets, cloths, cleaner, refill", PACKS),
    "Food and sweets": _product_line(7, "chocolate, snack, biscuits, sauce, gift tin", PACKS),
    "Drinks": _product_line(12, "cans, bottles, glasses, mixer, gift set", PACKS),
    "Baby": _product_line(28, "nappies, bottle, pushchair part, dummy, blanket", COLORS),
    "Make-up": _product_line(16, "lipstick, mascara, foundation, palette, liner", COLORS),
    "Skin and hair care": _product_line(
        13, "day cream, shampoo, shower gel, serum, sun cream", SIZES
    ),
    "Shaving and oral care": _product_line(
        24, "shaver, blades, toothbrush, brush heads, trimmer", PACKS
    ),
    "Perfume": _product_line(48, "eau de parfum, eau de toilette, body lotion, gift set", SIZES),
    "Vitamins and wellness": _product_line(
        18, "vitamin D, multivitamin, magnesium, protein, bath oil", SIZES
    ),
    "Sportswear and equipment": _product_line(
        36, "T-shirt, shorts, training top, bag, ball", COLORS
    ),
    "Running and wearables": _product_line(
        85, "running shoes, sports watch, strap, socks, vest", COLORS
    ),
    "Cycling": _product_line(45, "lock, helmet, tyre, bag, light, bicycle part", COLORS),
    "Outdoor and travel": _product_line(65, "jacket, rucksack, suitcase, bottle, fleece", COLORS),
    "Fashion basics": _product_line(32, "jeans, T-shirt, shirt, boxers, jumper", COLORS),
    "Streetwear and designer fashion": _product_line(58, "hoodie, cap, jacket, polo, bag", COLORS),
    "Shoes": _product_line(62, "trainers, boots, sandals, clogs, loafers", COLORS),
    "Watches and jewellery": _product_line(
        80, "watch, bracelet, earrings, ring, sunglasses", COLORS
    ),
    "Gardening": _product_line(27, "pot, hose, shears, plant food, seeds", SIZES),
    "Tools and paint": _product_line(36, "drill, tape, paint, screwdrivers, glue", SIZES),
    "Pets": _product_line(20, "dry food, wet food, toy, bed, lead", SIZES),
    "Bed and bath": _product_line(55, "duvet cover, pillow, towels, blanket, bath mat", COLORS),
    "Home decoration": _product_line(42, "vase, candle, cushion, mirror, poster", COLORS),
    "Car accessories": _product_line(
        30, "car polish, cleaner, charger, wiper blades, tyre pump", SIZES
    ),
    "Intimacy": _product_line(24, "condoms, lubricant, vibrator, gift set", SIZES),
    "Slimming": _product_line(20, "shake, bars, capsules, meal replacement", PACKS),
    "Medical self-care": _product_line(16, "test, monitor, pads, tablets, cream", PACKS),
}
"""Every category that a brand of the planted shop may have."""

TIER_PRICE_FACTORS = (0.55, 1.0, 1.6, 2.6)
"""Price factor on the typical price of the category, for price_tier 1 to 4."""

WITHIN_BRAND_PRICE_SD = 0.35
"""Sd of log price within a brand. With the tiers it gives about the .61 measured in a category."""


@dataclass(frozen=True, slots=True, eq=False)
class Assortment:
    """P products, ordered by brand, then oldest release first; each brand is a slice."""

    frame: pd.DataFrame  # the product table
    brand: NDArray[np.int64]  # (P,) brand codes
    cents: NDArray[np.int64]  # (P,) list price in euro cents
    released: NDArray[np.int64]  # (P,) seconds since 1970, UTC
    brand_starts: NDArray[np.int64]  # (B + 1,) brand b has products starts[b]:starts[b + 1]

    def on_sale(
        self, brand: NDArray[np.int64], ts: NDArray[np.int64], u: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        """Return one product per row, of that brand and on sale at that time; newer more often.

        All shapes are (n,); `ts` is in seconds since 1970; `u` is uniform on [0, 1).
        """
        time_span = np.int64(1) << 33  # above any time: the key sorts by brand, then time
        release_keys = self.brand * time_span + self.released
        n_released = (
            np.searchsorted(release_keys, brand * time_span + ts, side="right")
            - self.brand_starts[brand]
        )
        steps_back = (np.maximum(n_released, 1) * u**1.4).astype(np.int64)
        return np.asarray(
            self.brand_starts[brand] + np.maximum(n_released, 1) - 1 - steps_back, dtype=np.int64
        )


def build_assortment(brands: pd.DataFrame, rng: np.random.Generator, as_of: int) -> Assortment:
    """Return 6 to 20 products per brand. `as_of` is the end of the log in seconds since 1970.

    Raises UnknownNameError for a category that is not in PRODUCT_LINES.
    """
    for category in brands["category"].unique():
        if category not in PRODUCT_LINES:
            raise UnknownNameError("category", category, PRODUCT_LINES)
    n_products = rng.integers(6, 21, len(brands))
    brand = np.repeat(np.arange(len(brands)), n_products)
    released = _draw_release_dates(rng, brand, n_products, as_of)
    cents = _draw_prices(brands, rng, brand)
    brand_starts = np.concatenate([[0], np.cumsum(n_products)])
    frame = _product_table(brands, rng, brand, n_products, cents, released)
    return Assortment(frame, brand, cents, released, brand_starts)


def _draw_release_dates(
    rng: np.random.Generator, brand: NDArray[np.int64], n_products: NDArray[np.int64], as_of: int
) -> NDArray[np.int64]:
    """Draw release dates over four years; three products per brand exist at the log's start."""
    age = np.ceil(rng.uniform(5, 4 * 365, len(brand)))
    order = np.lexsort((-age, brand))
    age = age[order]
    nth = np.arange(len(brand)) - np.repeat(np.cumsum(n_products) - n_products, n_products)
    age[nth < 3] += parameters.YEARS * 365
    return np.asarray(as_of - age.astype(np.int64) * DAY, dtype=np.int64)


def _draw_prices(
    brands: pd.DataFrame, rng: np.random.Generator, brand: NDArray[np.int64]
) -> NDArray[np.int64]:
    typical = (
        brands["category"]
        .map({name: product_line.euros for name, product_line in PRODUCT_LINES.items()})
        .to_numpy()
    )
    tier = np.array(TIER_PRICE_FACTORS)[brands["price_tier"].to_numpy() - 1]
    euros = (typical * tier)[brand] * rng.lognormal(0, WITHIN_BRAND_PRICE_SD, len(brand))
    return np.asarray(np.maximum(np.round(euros), 1) * 100 - 1, dtype=np.int64)


def _product_table(
    brands: pd.DataFrame,
    rng: np.random.Generator,
    brand: NDArray[np.int64],
    n_products: NDArray[np.int64],
    cents: NDArray[np.int64],
    released: NDArray[np.int64],
) -> pd.DataFrame:
    category = brands["category"].to_numpy()
    sensitive = brands["sensitive"].to_numpy().astype(bool)
    titles = [title for row in _product_titles(brands, rng, n_products) for title in row]
    return pd.DataFrame(
        {
            Col.PRODUCT: [f"p{number:05d}" for number in range(len(brand))],
            ProductCol.TITLE: titles,
            Col.BRAND: brands["name"].to_numpy()[brand],
            Col.CATEGORY: category[brand],
            Col.PRICE: cents / 100,
            Col.LIST_PRICE: cents / 100,
            ProductCol.RELEASED: released.astype("datetime64[s]"),
            ProductCol.FEATURED: rng.random(len(brand)) < 0.15,
            ProductCol.SENSITIVE: sensitive[brand],
        }
    )


def _product_titles(
    brands: pd.DataFrame, rng: np.random.Generator, n_products: NDArray[np.int64]
) -> Iterator[list[str]]:
    for name, category, n_titles in zip(
        brands["name"], brands["category"], n_products, strict=True
    ):
        product_line = PRODUCT_LINES[category]
        all_titles = [
            f"{name} {noun}, {kind}"
            for kind in product_line.variants
            for noun in product_line.nouns
        ]
        yield [all_titles[i] for i in rng.permutation(len(all_titles))[:n_titles]]
