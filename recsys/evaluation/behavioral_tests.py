"""Behavioral tests: properties of a favourite, checked on a model with made-up histories.

A customer buys a favourite at full price, follows it, and views its new products. A model that
ignores this fails here, even if its offline metrics are good. Each test runs N_TRIES times.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from recsys.dataset.catalog import Catalog
from recsys.dataset.event_aggregation import ItemFacts, aggregate_events
from recsys.dataset.events import EventKind
from recsys.dataset.evidence import Evidence
from recsys.dataset.history import HistoryItem, Price, history_rows
from recsys.models.hybrid import HybridModel

N_TRIES = 40  # runs of each test
LIST_DEPTH = 100
"""Number of ranks that are read. A brand below them counts as unranked."""
BEHAVIORAL_QUESTIONS = ("price_blind", "follow", "popularity", "same", "one_more")
"""Names of the tests: each is a method of BehavioralTester."""
_N_BACKGROUND_BRANDS = 4  # other brands in a history


@dataclass(frozen=True, slots=True)
class BehaviorResult:
    """The result of one test: number of tries, number of passes, and examples of failures.

    Each try has a random history.
    """

    question: str  # one of BEHAVIORAL_QUESTIONS
    asked: int  # number of tries
    held: int  # number of tries that passed
    broken: tuple[str, ...]  # the brand of each of up to three failed tries

    @property
    def passed(self) -> bool:
        """Whether every try passed; False without a try."""
        return self.asked > 0 and self.held == self.asked


def behavior_result_to_row(result: BehaviorResult) -> dict[str, Any]:
    """Return a result as the command prints it."""
    return {
        "question": result.question,
        "asked": result.asked,
        "held": result.held,
        "broken": list(result.broken),
        "passed": result.passed,
    }


def run_behavioral_tests(
    model: HybridModel, catalog: Catalog, as_of: int, seed: int
) -> list[BehaviorResult]:
    """Run each test N_TRIES times. `as_of` (seconds since 1970) is the present for the model."""
    tester = BehavioralTester(
        model, catalog, ItemFacts.from_catalog(catalog), as_of, np.random.default_rng(seed)
    )
    tests = {
        "price_blind": tester.price_blind,
        "follow": tester.follow,
        "popularity": tester.popularity,
        "same": tester.same,
        "one_more": tester.one_more,
    }
    return [
        _behavior_result(question, [ask() for _ in range(N_TRIES)])
        for question, ask in tests.items()
    ]


def _behavior_result(question: str, tries: Sequence[tuple[str, bool]]) -> BehaviorResult:
    failures = tuple(brand for brand, passed in tries if not passed)
    return BehaviorResult(question, len(tries), len(tries) - len(failures), failures[:3])


@dataclass(frozen=True, slots=True, eq=False)
class BehavioralTester:
    """A model under test, and the inputs for made-up histories."""

    model: HybridModel
    catalog: Catalog
    facts: ItemFacts
    as_of: int
    rng: np.random.Generator

    def price_blind(self) -> tuple[str, bool]:
        """Test that full-price purchases lift a brand above one bought as often at half price.

        Both brands have about the same popularity.
        """
        full_price, discounted, *background = self._two_equally_popular()
        history = [
            HistoryItem(full_price, times=3, price=Price.FULL),
            HistoryItem(discounted, times=3, price=Price.CHEAP),
            *self._history(background),
        ]
        ranks = self._ranks(history)
        return full_price, ranks(full_price) < ranks(discounted)

    def follow(self) -> tuple[str, bool]:
        """Test that following a brand raises its rank, unless it is already first."""
        brand, *background = self._sample_brands(1 + _N_BACKGROUND_BRANDS)
        history = [*self._history(background), HistoryItem(brand, EventKind.VIEW)]
        before = self._ranks(history)(brand)
        after = self._ranks([*history, HistoryItem(brand, EventKind.FOLLOW)])(brand)
        return brand, after < before or before == 1

    def popularity(self) -> tuple[str, bool]:
        """Test that preferred brands outrank the most bought brand, which is not in the history."""
        popular, *preferred = self._popular_and_rare()
        ranks = self._ranks([HistoryItem(brand, times=3, price=Price.FULL) for brand in preferred])
        return popular, all(ranks(brand) < ranks(popular) for brand in preferred)

    def same(self) -> tuple[str, bool]:
        """Test that the same history gives the same list, whatever the order of its events."""
        history = self._history(self._sample_brands(1 + _N_BACKGROUND_BRANDS))
        rows = history_rows(history, self.catalog, self.as_of)
        shuffled = rows[self.rng.permutation(len(rows))]
        lists = [
            self._ranked_brands(aggregate_events(r, self.facts, self.as_of))
            for r in (rows, shuffled, rows)
        ]
        return history[0].brand, lists[0] == lists[1] == lists[2]

    def one_more(self) -> tuple[str, bool]:
        """Test that one more view, wish, purchase or follow never lowers the rank of its brand."""
        history = self._history(self._sample_brands(1 + _N_BACKGROUND_BRANDS))
        item = history[int(self.rng.integers(len(history)))]
        kinds = (EventKind.VIEW, EventKind.WISHLIST, EventKind.PURCHASE, EventKind.FOLLOW)
        extra_item = replace(item, kind=kinds[int(self.rng.integers(len(kinds)))], times=1)
        before, after = self._ranks(history), self._ranks([*history, extra_item])
        return item.brand, after(item.brand) <= before(item.brand)

    def _ranks(self, history: Sequence[HistoryItem]) -> "BrandRanks":
        rows = history_rows(history, self.catalog, self.as_of)
        return BrandRanks(self._ranked_brands(aggregate_events(rows, self.facts, self.as_of)))

    def _ranked_brands(self, evidence: Evidence) -> list[str]:
        return [score.brand for score in self.model.rank(evidence, LIST_DEPTH)]

    def _sample_brands(self, n: int) -> list[str]:
        codes = self._sellable()
        return [str(self.catalog.brands[c]) for c in self.rng.choice(codes, n, replace=False)]

    def _sellable(self) -> "np.ndarray[tuple[int], np.dtype[np.intp]]":
        n_items = np.bincount(self.facts.brand[self.facts.brand >= 0], minlength=len(self.allowed))
        return np.flatnonzero(self.allowed & (n_items > 0))

    @property
    def allowed(self) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        """Mask of the brands that may be ranked, (B,)."""
        return self.model.brand_index.allowed(())

    def _two_equally_popular(self) -> list[str]:
        """Return two brands with about the same number of buyers, then background brands."""
        buyers, codes = self.model.brand_index.buyers, self._sellable()
        order = codes[np.argsort(buyers[codes], kind="stable")]
        position = int(self.rng.integers(len(order) - 1))
        pair = order[position : position + 2][self.rng.permutation(2)]
        names = [str(self.catalog.brands[code]) for code in pair]
        return names + [
            name for name in self._sample_brands(2 + _N_BACKGROUND_BRANDS) if name not in names
        ]

    def _popular_and_rare(self) -> list[str]:
        """Return the most bought brand, then five brands of the less bought half."""
        buyers, codes = self.model.brand_index.buyers, self._sellable()
        order = codes[np.argsort(-buyers[codes], kind="stable")]
        rare = self.rng.choice(order[max(1, len(order) // 2) :], 5, replace=False)
        return [str(self.catalog.brands[code]) for code in (order[0], *rare)]

    def _history(self, brands: Sequence[str]) -> list[HistoryItem]:
        return list(self._random_items(brands))

    def _random_items(self, brands: Sequence[str]) -> Iterator[HistoryItem]:
        for brand in brands:
            kind = EventKind.PURCHASE if self.rng.random() < 0.6 else EventKind.VIEW
            price = list(Price)[int(self.rng.integers(len(Price)))]
            yield HistoryItem(brand, kind, int(self.rng.integers(1, 4)), price)


class BrandRanks:
    """The rank of each brand of a list, from 1."""

    def __init__(self, brands: Sequence[str]) -> None:
        self._rank_of = {brand: place for place, brand in enumerate(brands, start=1)}

    def __call__(self, brand: str) -> int:
        """Return the rank of a brand; the last rank plus 1 for a brand that is not on the list."""
        return self._rank_of.get(brand, len(self._rank_of) + 1)
