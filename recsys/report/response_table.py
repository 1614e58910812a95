"""What the report keeps of closed decks: numbers by deck and by answered card."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from recsys.report.responses import (
    LIKED,
    PICK,
    Cards,
    Ints,
    arm_shares,
    coded,
    laid_out,
    measures_of,
    pairs_of,
    scores_of,
)
from recsys.stats import Floats
from recsys.study.policy import SEGMENTS
from recsys.study.scoring import Played


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """Decks in the order of closing. A value that a deck does not have is NaN."""

    ids: tuple[str, ...]  # of the decks
    scores: Floats  # shape (CRITERIA, decks)
    cards: Cards
    hits: Floats  # answered picks that were liked, shape (decks,)
    picks: Floats  # answered picks
    pair_deck: Ints  # the deck of each pair of which both cards were answered
    pair_gap: Floats  # log(1 + popularity) of its pick and of its decoy, shape (pairs, 2)
    card_deck: Ints  # the deck of each answered card
    card_said: Ints
    card_brand: Ints  # place in `brands`
    card_category: Ints  # place in `categories` of a pick; -1 of any other card
    brands: tuple[str, ...]
    categories: tuple[str, ...]
    seconds: Floats  # median time of an answered card, shape (decks,)
    labels: tuple[tuple[str, ...], ...]  # of each deck in each of SEGMENTS; "" where unknown

    @property
    def shares(self) -> Floats:
        """Return what was said of each arm's cards, shape (arms, said, decks); computed now."""
        return arm_shares(self.cards)

    @property
    def measures(self) -> Floats:
        """Return the measures that are shown alone, shape (measures, decks); computed now."""
        return measures_of(self.cards)


def joined(one: Sheet, other: Sheet) -> Sheet:
    """Return the sheet of both, the second's decks after the first's."""
    brands, brand_of = _names(one.brands, other.brands)
    categories, category_of = _names(one.categories, other.categories)
    decks = len(one.ids)
    return Sheet(
        one.ids + other.ids,
        np.concatenate([one.scores, other.scores], axis=1),
        one.cards.joined(other.cards),
        np.concatenate([one.hits, other.hits]),
        np.concatenate([one.picks, other.picks]),
        np.concatenate([one.pair_deck, other.pair_deck + decks]),
        np.concatenate([one.pair_gap, other.pair_gap]),
        np.concatenate([one.card_deck, other.card_deck + decks]),
        np.concatenate([one.card_said, other.card_said]),
        np.concatenate([one.card_brand, brand_of[other.card_brand]]),
        np.concatenate([one.card_category, category_of[other.card_category]]),
        brands,
        categories,
        np.concatenate([one.seconds, other.seconds]),
        tuple(a + b for a, b in zip(one.labels, other.labels, strict=True)),
    )


def _names(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[tuple[str, ...], Ints]:
    """Return the names of both, and the new place of each of the other's; the last is for -1."""
    places = {name: place for place, name in enumerate(one)}
    moved = [places.setdefault(name, len(places)) for name in other]
    return tuple(places), np.array([*moved, -1])


def read(decks: Sequence[Played]) -> Sheet:
    """Return the sheet of decks. Cards of a deck stand in the order of their positions, from 1."""
    cards, brands, categories = laid_out(decks)
    heard = cards.heard
    pick = heard & (cards.stratum == PICK)
    brand_names, brand = coded(brands)
    category_names, category = coded(categories)
    category[~pick] = -1
    pair_deck, pair_gap = pairs_of(cards)
    return Sheet(
        ids=tuple(d.deck.id for d in decks),
        scores=scores_of(cards),
        cards=cards,
        hits=cards.count(pick & (cards.said >= LIKED)),
        picks=cards.count(pick),
        pair_deck=pair_deck,
        pair_gap=pair_gap,
        card_deck=cards.deck[heard],
        card_said=cards.said[heard],
        card_brand=brand[heard],
        card_category=category[heard],
        brands=brand_names,
        categories=category_names,
        seconds=_seconds(decks),
        labels=tuple(tuple(_segment(d, name) for d in decks) for name in SEGMENTS),
    )


def _segment(deck: Played, name: str) -> str:
    """Return the part of the people that a deck belongs to; "" where it is not known."""
    return {"language": deck.language, "device": deck.device}[name] or ""


def _seconds(decks: Sequence[Played]) -> Floats:
    """Return the median time of the answered cards of each deck; NaN where none is known."""
    times = [[d.shown_ms[p] for p in d.answers if p in d.shown_ms] for d in decks]
    sizes = np.array([len(each) for each in times], dtype=np.int64)
    flat = np.array(list(chain.from_iterable(times)), dtype=np.float64)
    flat = flat[np.lexsort((flat, np.repeat(np.arange(len(times)), sizes)))]
    starts, found = np.cumsum(sizes) - sizes, np.full(len(times), np.nan)
    known = sizes > 0
    low, high = (starts + (sizes - 1) // 2)[known], (starts + sizes // 2)[known]
    found[known] = (flat[low] + flat[high]) / 2000
    return found


EMPTY = read(())
