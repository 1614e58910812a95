"""What the planted shop sells: products of each brand, with titles, prices and release dates."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recsys.dataset.events import Col, ProductCol
from recsys.errors import UnknownNameError
from recsys.simulation import parameters

DAY = 86_400  # seconds

COLOURS = ("black", "white", "blue", "green", "red", "sand", "grey", "pink")
PACKS = ("single", "set of 2", "set of 4", "set of 6", "family pack", "gift box")
SIZES = ("small", "medium", "large", "travel size", "extra large")
EDITIONS = ("standard", "deluxe", "anniversary", "starter", "limited", "extended")
COVERS = ("paperback", "hardcover", "illustrated", "pocket", "gift edition", "omnibus")
MODELS = ("first series", "second series", "Lite", "Plus", "Pro", "compact")


@dataclass(frozen=True, slots=True)
class Line:
    """What a category sells: a typical price in euros, nouns, and how products differ."""

    euros: float
    nouns: tuple[str, ...]
    variants: tuple[str, ...]


def _line(euros: float, nouns: str, variants: tuple[str, ...]) -> Line:
    return Line(euros, tuple(noun.strip() for noun in nouns.split(",")), variants)


LINES: dict[str, Line] = {
    "Writing and drawing": _line(
        9, "fineliners, pencils, markers, fountain pen, brush pens", PACKS
    ),
    "Paper and planners": _line(13, "notebook, planner, sketchbook, diary, pad", COLOURS),
    "Office supplies": _line(14, "binders, label maker, stapler, sticky notes, ink", PACKS),
    "Video games": _line(
        45, "adventure game, racing game, controller, console, party game", EDITIONS
    ),
    "PC gaming and components": _line(
        75, "mouse, keyboard, headset, memory, storage drive", MODELS
    ),
    "Board games and puzzles": _line(24, "family game, card game, puzzle, dice game", EDITIONS),
    "Toys": _line(24, "play set, figure, vehicle, building box, first toy", PACKS),
    "Models and collectables": _line(26, "model kit, paint set, miniature, starter kit", EDITIONS),
    "Fiction and non-fiction publishers": _line(
        19, "novel, thriller, guide, atlas, biography", COVERS
    ),
    "Children's books and comics": _line(14, "picture book, comic, first reader, manga", COVERS),
    "Phones": _line(340, "smartphone, phone, tablet, watch", MODELS),
    "Phone accessories": _line(13, "screen protector, phone case, charger, cable, holder", COLOURS),
    "Batteries and cables": _line(9, "AA batteries, AAA batteries, cable, socket, adapter", PACKS),
    "Laptops and tablets": _line(480, "laptop, tablet, monitor, e-reader, docking station", MODELS),
    "Networking and smart home": _line(80, "router, camera, smart plug, sensor, mesh set", MODELS),
    "Lighting": _line(32, "lamp, bulb, light strip, floor lamp, spotlight", COLOURS),
    "Audio": _line(110, "headphones, earbuds, speaker, soundbar, turntable", COLOURS),
    "Television and projection": _line(390, "television, projector, wall mount, monitor", MODELS),
    "Photography": _line(190, "camera, lens, tripod, bag, memory card, film", MODELS),
    "Musical instruments": _line(120, "guitar, keyboard, microphone, strings, interface", MODELS),
    "Coffee and tea": _line(30, "coffee machine, beans, capsules, grinder, tea", PACKS),
    "Cookware and tableware": _line(38, "frying pan, casserole, knife, plates, storage box", SIZES),
    "Kitchen appliances": _line(95, "mixer, blender, toaster, kettle, air fryer", COLOURS),
    "Cleaning and laundry": _line(26, "detergent, tablets, cloths, cleaner, refill", PACKS),
    "Food and sweets": _line(7, "chocolate, snack, biscuits, sauce, gift tin", PACKS),
    "Drinks": _line(12, "cans, bottles, glasses, mixer, gift set", PACKS),
    "Baby": _line(28, "nappies, bottle, pushchair part, dummy, blanket", COLOURS),
    "Make-up": _line(16, "lipstick, mascara, foundation, palette, liner", COLOURS),
    "Skin and hair care": _line(13, "day cream, shampoo, shower gel, serum, sun cream", SIZES),
    "Shaving and oral care": _line(24, "shaver, blades, toothbrush, brush heads, trimmer", PACKS),
    "Perfume": _line(48, "eau de parfum, eau de toilette, body lotion, gift set", SIZES),
    "Vitamins and wellness": _line(
        18, "vitamin D, multivitamin, magnesium, protein, bath oil", SIZES
    ),
    "Sportswear and equipment": _line(36, "T-shirt, shorts, training top, bag, ball", COLOURS),
    "Running and wearables": _line(85, "running shoes, sports watch, strap, socks, vest", COLOURS),
    "Cycling": _line(45, "lock, helmet, tyre, bag, light, bicycle part", COLOURS),
    "Outdoor and travel": _line(65, "jacket, rucksack, suitcase, bottle, fleece", COLOURS),
    "Fashion basics": _line(32, "jeans, T-shirt, shirt, boxers, jumper", COLOURS),
    "Streetwear and designer fashion": _line(58, "hoodie, cap, jacket, polo, bag", COLOURS),
    "Shoes": _line(62, "trainers, boots, sandals, clogs, loafers", COLOURS),
    "Watches and jewellery": _line(80, "watch, bracelet, earrings, ring, sunglasses", COLOURS),
    "Gardening": _line(27, "pot, hose, shears, plant food, seeds", SIZES),
    "Tools and paint": _line(36, "drill, tape, paint, screwdrivers, glue", SIZES),
    "Pets": _line(20, "dry food, wet food, toy, bed, lead", SIZES),
    "Bed and bath": _line(55, "duvet cover, pillow, towels, blanket, bath mat", COLOURS),
    "Home decoration": _line(42, "vase, candle, cushion, mirror, poster", COLOURS),
    "Car accessories": _line(30, "car polish, cleaner, charger, wiper blades, tyre pump", SIZES),
    "Intimacy": _line(24, "condoms, lubricant, vibrator, gift set", SIZES),
    "Slimming": _line(20, "shake, bars, capsules, meal replacement", PACKS),
    "Medical self-care": _line(16, "test, monitor, pads, tablets, cream", PACKS),
}
"""Every category a planted brand may have."""

TIER = (0.55, 1.0, 1.6, 2.6)
"""Price of a tier against its category's typical price, by price_tier 1 to 4."""

WITHIN = 0.35  # sd of log price within a brand: with TIER it gives the .61 measured in a category


@dataclass(frozen=True, slots=True, eq=False)
class Assortment:
    """P products in brand order, oldest release first within a brand, and each brand's slice."""

    frame: pd.DataFrame  # the product table
    brand: NDArray[np.int64]  # (P,)
    cents: NDArray[np.int64]  # (P,) list price
    released: NDArray[np.int64]  # (P,) seconds since 1970, UTC
    first: NDArray[np.int64]  # (B + 1,) first[b]:first[b + 1] are the products of brand b

    def on_sale(
        self, brand: NDArray[np.int64], ts: NDArray[np.int64], u: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        """Return a product of each brand that was on sale at each time; newer ones more often.

        All shapes are (n,); `u` is uniform on [0, 1).
        """
        span = np.int64(1) << 33  # more than any time in seconds, so that one key orders both
        known = self.brand * span + self.released
        out = np.searchsorted(known, brand * span + ts, side="right") - self.first[brand]
        age = (np.maximum(out, 1) * u**1.4).astype(np.int64)
        return np.asarray(self.first[brand] + np.maximum(out, 1) - 1 - age, dtype=np.int64)


def stock(brands: pd.DataFrame, rng: np.random.Generator, as_of: int) -> Assortment:
    """Return 6 to 20 products a brand. `as_of` is the end of the log in seconds.

    Raises UnknownNameError for a category that has no line here.
    """
    for category in brands["category"].unique():
        if category not in LINES:
            raise UnknownNameError("category", category, LINES)
    count = rng.integers(6, 21, len(brands))
    brand = np.repeat(np.arange(len(brands)), count)
    released = _releases(rng, brand, count, as_of)
    cents = _prices(brands, rng, brand)
    first = np.concatenate([[0], np.cumsum(count)])
    frame = _frame(brands, rng, brand, count, cents, released)
    return Assortment(frame, brand, cents, released, first)


def _releases(
    rng: np.random.Generator, brand: NDArray[np.int64], count: NDArray[np.int64], as_of: int
) -> NDArray[np.int64]:
    """Spread releases over four years; each brand's three oldest are there when the log begins."""
    age = np.ceil(rng.uniform(5, 4 * 365, len(brand)))
    order = np.lexsort((-age, brand))
    age = age[order]
    nth = np.arange(len(brand)) - np.repeat(np.cumsum(count) - count, count)
    age[nth < 3] += parameters.YEARS * 365
    return np.asarray(as_of - age.astype(np.int64) * DAY, dtype=np.int64)


def _prices(
    brands: pd.DataFrame, rng: np.random.Generator, brand: NDArray[np.int64]
) -> NDArray[np.int64]:
    typical = brands["category"].map({name: line.euros for name, line in LINES.items()}).to_numpy()
    tier = np.array(TIER)[brands["price_tier"].to_numpy() - 1]
    euros = (typical * tier)[brand] * rng.lognormal(0, WITHIN, len(brand))
    return np.asarray(np.maximum(np.round(euros), 1) * 100 - 1, dtype=np.int64)


def _frame(
    brands: pd.DataFrame,
    rng: np.random.Generator,
    brand: NDArray[np.int64],
    count: NDArray[np.int64],
    cents: NDArray[np.int64],
    released: NDArray[np.int64],
) -> pd.DataFrame:
    category = brands["category"].to_numpy()
    sensitive = brands["sensitive"].to_numpy().astype(bool)
    titles = [title for row in _titles(brands, rng, count) for title in row]
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


def _titles(
    brands: pd.DataFrame, rng: np.random.Generator, count: NDArray[np.int64]
) -> Iterator[list[str]]:
    for name, category, wanted in zip(brands["name"], brands["category"], count, strict=True):
        line = LINES[category]
        every = [f"{name} {noun}, {kind}" for kind in line.variants for noun in line.nouns]
        yield [every[i] for i in rng.permutation(len(every))[:wanted]]
