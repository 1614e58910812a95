"""What a favourite is, as questions that a model is asked with made-up histories.

A favourite is price-blind, followed and looked out for. A model that does not know that fails here,
whatever its figures on a log are. Every question is asked many times; the share that held is told.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from recsys.dataset.aggregation import ItemFacts, summarise
from recsys.dataset.catalog import Catalogue
from recsys.dataset.events import Kind
from recsys.dataset.evidence import Evidence
from recsys.dataset.history import Deed, Price, rows_of
from recsys.models.hybrid import FavouriteModel

TRIES = 40
DEPTH = 100
"""Places that are looked through; a brand beyond them stands nowhere."""
QUESTIONS = ("price_blind", "follow", "popularity", "same", "one_more")
_BACKGROUND = 4  # other brands in a history


@dataclass(frozen=True, slots=True)
class Behaved:
    """One question: how often it was asked, how often it held, and where it did not."""

    question: str  # one of QUESTIONS
    asked: int
    held: int
    broken: tuple[str, ...]  # brands of up to three tries that did not hold

    @property
    def passed(self) -> bool:
        """Whether it held every time."""
        return self.asked > 0 and self.held == self.asked


def behaved_to_row(found: Behaved) -> dict[str, Any]:
    """Return an answer as the command prints it."""
    return {
        "question": found.question,
        "asked": found.asked,
        "held": found.held,
        "broken": list(found.broken),
        "passed": found.passed,
    }


def behave(model: FavouriteModel, catalogue: Catalogue, as_of: int, seed: int) -> list[Behaved]:
    """Ask every question TRIES times; `as_of` (seconds since 1970) is the model's today."""
    lab = Lab(model, catalogue, ItemFacts.of(catalogue), as_of, np.random.default_rng(seed))
    asked = {
        "price_blind": lab.price_blind,
        "follow": lab.follow,
        "popularity": lab.popularity,
        "same": lab.same,
        "one_more": lab.one_more,
    }
    return [_told(question, [ask() for _ in range(TRIES)]) for question, ask in asked.items()]


def _told(question: str, tries: Sequence[tuple[str, bool]]) -> Behaved:
    broken = tuple(brand for brand, held in tries if not held)
    return Behaved(question, len(tries), len(tries) - len(broken), broken[:3])


@dataclass(frozen=True, slots=True, eq=False)
class Lab:
    """A model, and what histories for it are made of."""

    model: FavouriteModel
    catalogue: Catalogue
    facts: ItemFacts
    as_of: int
    rng: np.random.Generator

    def price_blind(self) -> tuple[str, bool]:
        """Bought at full price beats bought as often at half of it, all else being alike."""
        dear, bargain, *others = self._two_alike()
        history = [
            Deed(dear, times=3, price=Price.FULL),
            Deed(bargain, times=3, price=Price.CHEAP),
            *self._history(others),
        ]
        places = self._places(history)
        return dear, places(dear) < places(bargain)

    def follow(self) -> tuple[str, bool]:
        """A brand that she follows as well stands higher than before, or is first already."""
        brand, *others = self._drawn(1 + _BACKGROUND)
        history = [*self._history(others), Deed(brand, Kind.VIEW)]
        before = self._places(history)(brand)
        after = self._places([*history, Deed(brand, Kind.FOLLOW)])(brand)
        return brand, after < before or before == 1

    def popularity(self) -> tuple[str, bool]:
        """No brand that she loves is beaten by the shop's most bought one that she never met."""
        famous, *loved = self._famous_and_rare()
        places = self._places([Deed(brand, times=3, price=Price.FULL) for brand in loved])
        return famous, all(places(brand) < places(famous) for brand in loved)

    def same(self) -> tuple[str, bool]:
        """The same history gives the same list, in whatever order its events are read."""
        history = self._history(self._drawn(1 + _BACKGROUND))
        rows = rows_of(history, self.catalogue, self.as_of)
        mixed = rows[self.rng.permutation(len(rows))]
        lists = [self._ranked(summarise(r, self.facts, self.as_of)) for r in (rows, mixed, rows)]
        return history[0].brand, lists[0] == lists[1] == lists[2]

    def one_more(self) -> tuple[str, bool]:
        """One more view, wish, purchase or follow never puts the brand it is about lower."""
        history = self._history(self._drawn(1 + _BACKGROUND))
        deed = history[int(self.rng.integers(len(history)))]
        kinds = (Kind.VIEW, Kind.WISHLIST, Kind.PURCHASE, Kind.FOLLOW)
        more = replace(deed, kind=kinds[int(self.rng.integers(len(kinds)))], times=1)
        before, after = self._places(history), self._places([*history, more])
        return deed.brand, after(deed.brand) <= before(deed.brand)

    def _places(self, history: Sequence[Deed]) -> "Places":
        rows = rows_of(history, self.catalogue, self.as_of)
        return Places(self._ranked(summarise(rows, self.facts, self.as_of)))

    def _ranked(self, evidence: Evidence) -> list[str]:
        return [score.brand for score in self.model.rank(evidence, DEPTH)]

    def _drawn(self, n: int) -> list[str]:
        codes = self._sold()
        return [str(self.catalogue.brands[c]) for c in self.rng.choice(codes, n, replace=False)]

    def _sold(self) -> "np.ndarray[tuple[int], np.dtype[np.intp]]":
        sells = np.bincount(self.facts.brand[self.facts.brand >= 0], minlength=len(self.allowed))
        return np.flatnonzero(self.allowed & (sells > 0))

    @property
    def allowed(self) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        """Which brands may be ranked, shape (B,)."""
        return self.model.basis.allowed(())

    def _two_alike(self) -> list[str]:
        """Two brands that about as many people bought, and others."""
        buyers, codes = self.model.basis.buyers, self._sold()
        order = codes[np.argsort(buyers[codes], kind="stable")]
        at = int(self.rng.integers(len(order) - 1))
        two = order[at : at + 2][self.rng.permutation(2)]
        names = [str(self.catalogue.brands[code]) for code in two]
        return names + [name for name in self._drawn(2 + _BACKGROUND) if name not in names]

    def _famous_and_rare(self) -> list[str]:
        """The most bought brand, and five of the less bought half."""
        buyers, codes = self.model.basis.buyers, self._sold()
        order = codes[np.argsort(-buyers[codes], kind="stable")]
        rare = self.rng.choice(order[max(1, len(order) // 2) :], 5, replace=False)
        return [str(self.catalogue.brands[code]) for code in (order[0], *rare)]

    def _history(self, brands: Sequence[str]) -> list[Deed]:
        return list(self._made_up(brands))

    def _made_up(self, brands: Sequence[str]) -> Iterator[Deed]:
        for brand in brands:
            kind = Kind.PURCHASE if self.rng.random() < 0.6 else Kind.VIEW
            price = list(Price)[int(self.rng.integers(len(Price)))]
            yield Deed(brand, kind, int(self.rng.integers(1, 4)), price)


class Places:
    """Where each brand of a list stands, from 1."""

    def __init__(self, ranked: Sequence[str]) -> None:
        self._at = {brand: place for place, brand in enumerate(ranked, start=1)}

    def __call__(self, brand: str) -> int:
        """The place of a brand; after the last where it is not on the list."""
        return self._at.get(brand, len(self._at) + 1)
