"""The response table: numbers by deck and by answered card, from which tables are computed."""

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
    """Numbers of decks in the order of closing; NaN where a deck has no value."""

    ids: tuple[str, ...]  # of the decks
    scores: Floats  # (len(CRITERIA), n_decks)
    cards: ResponseColumns
    hits: Floats  # (n_decks,) number of liked picks
    picks: Floats  # (n_decks,) number of answered picks
    pair_deck: Ints  # (n_pairs,) deck of each pair with answers to both cards
    pair_gap: Floats  # (n_pairs, 2) log(1 + popularity): column 0 is the pick, 1 the matched decoy
    card_deck: Ints  # (n_answered,) deck of each answered card
    card_answer: Ints  # (n_answered,)
    card_brand: Ints  # (n_answered,) index in `brands`
    card_category: Ints  # (n_answered,) index in `categories` for a pick, -1 for other cards
    brands: tuple[str, ...]
    categories: tuple[str, ...]
    seconds: Floats  # (n_decks,) median time of the answered cards
    labels: tuple[tuple[str, ...], ...]  # (len(SEGMENTS), n_decks) segment values; "": unknown

    @property
    def shares(self) -> Floats:
        """Liked, super-liked and unknown shares of CARD_GROUPS, (n_groups, 3, n_decks).

        Computed at each access.
        """
        return group_shares(self.cards)

    @property
    def secondary(self) -> Floats:
        """The SECONDARY_METRICS, (n_metrics, n_decks); computed at each access."""
        return secondary_metric_values(self.cards)


def build_response_table(decks: Sequence[CompletedDeck]) -> ResponseTable:
    """Return the table of the decks. The cards of a deck must be in the order of position."""
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
    """Return the value of a deck for one of SEGMENTS; "" if it is unknown."""
    return {"language": deck.language, "device": deck.device}[name] or ""


def _median_seconds(decks: Sequence[CompletedDeck]) -> Floats:
    """Return the median seconds per answered card, (n_decks,); NaN without a known time."""
    times = [[d.shown_ms[p] for p in d.answers if p in d.shown_ms] for d in decks]
    sizes = np.array([len(each) for each in times], dtype=np.int64)
    flat = np.array(list(chain.from_iterable(times)), dtype=np.float64)
    flat = flat[np.lexsort((flat, np.repeat(np.arange(len(times)), sizes)))]
    starts, medians = np.cumsum(sizes) - sizes, np.full(len(times), np.nan)
    has_times = sizes > 0
    low, high = (starts + (sizes - 1) // 2)[has_times], (starts + sizes // 2)[has_times]
    medians[has_times] = (flat[low] + flat[high]) / 2000  # mean of two; milliseconds to seconds
    return medians
