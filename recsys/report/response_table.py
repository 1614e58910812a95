"""What the report keeps of closed decks: numbers by deck and by answered card."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from recsys.report.card_measures import encode, group_shares, matched_pairs, secondary_metric_values
from recsys.stats import Floats
from recsys.study.policy import SEGMENTS
from recsys.study.response_columns import LIKED, PICK, Ints, ResponseColumns, response_columns
from recsys.study.scoring import criterion_scores
from recsys.study.swipes import CompletedDeck


@dataclass(frozen=True, slots=True, eq=False)
class ResponseTable:
    """Decks in the order of closing. A value that a deck does not have is NaN."""

    ids: tuple[str, ...]  # of the decks
    scores: Floats  # shape (CRITERIA, decks)
    cards: ResponseColumns
    hits: Floats  # answered picks that were liked, shape (decks,)
    picks: Floats  # answered picks
    pair_deck: Ints  # the deck of each pair of which both cards were answered
    pair_gap: Floats  # log(1 + popularity) of its pick and of its decoy, shape (pairs, 2)
    card_deck: Ints  # the deck of each answered card
    card_answer: Ints
    card_brand: Ints  # place in `brands`
    card_category: Ints  # place in `categories` of a pick; -1 of any other card
    brands: tuple[str, ...]
    categories: tuple[str, ...]
    seconds: Floats  # median time of an answered card, shape (decks,)
    labels: tuple[tuple[str, ...], ...]  # of each deck in each of SEGMENTS; "" where unknown

    @property
    def shares(self) -> Floats:
        """Return what was said of each arm's cards, shape (arms, said, decks); computed now."""
        return group_shares(self.cards)

    @property
    def secondary(self) -> Floats:
        """Return the measures that are shown alone, shape (measures, decks); computed now."""
        return secondary_metric_values(self.cards)


def build_response_table(decks: Sequence[CompletedDeck]) -> ResponseTable:
    """Return the sheet of decks. Cards of a deck stand in the order of their positions, from 1."""
    columns, brands, categories = response_columns(decks)
    answered = columns.answered
    answered_pick = answered & (columns.role == PICK)
    brand_names, brand = encode(brands)
    category_names, category = encode(categories)
    category[~answered_pick] = -1
    pair_deck, pair_gap = matched_pairs(columns)
    return ResponseTable(
        ids=tuple(d.deck.id for d in decks),
        scores=criterion_scores(columns),
        cards=columns,
        hits=columns.count(answered_pick & (columns.answer >= LIKED)),
        picks=columns.count(answered_pick),
        pair_deck=pair_deck,
        pair_gap=pair_gap,
        card_deck=columns.deck[answered],
        card_answer=columns.answer[answered],
        card_brand=brand[answered],
        card_category=category[answered],
        brands=brand_names,
        categories=category_names,
        seconds=_median_seconds(decks),
        labels=tuple(tuple(_segment(d, name) for d in decks) for name in SEGMENTS),
    )


def _segment(deck: CompletedDeck, name: str) -> str:
    """Return the part of the people that a deck belongs to; "" where it is not known."""
    return {"language": deck.language, "device": deck.device}[name] or ""


def _median_seconds(decks: Sequence[CompletedDeck]) -> Floats:
    """Return the median time of the answered cards of each deck; NaN where none is known."""
    times = [[d.shown_ms[p] for p in d.answers if p in d.shown_ms] for d in decks]
    sizes = np.array([len(each) for each in times], dtype=np.int64)
    flat = np.array(list(chain.from_iterable(times)), dtype=np.float64)
    flat = flat[np.lexsort((flat, np.repeat(np.arange(len(times)), sizes)))]
    starts, medians = np.cumsum(sizes) - sizes, np.full(len(times), np.nan)
    has_times = sizes > 0
    low, high = (starts + (sizes - 1) // 2)[has_times], (starts + sizes // 2)[has_times]
    medians[has_times] = (flat[low] + flat[high]) / 2000
    return medians
