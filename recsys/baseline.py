"""The rivals, under the same contract as the model."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.errors import UnknownNameError
from recsys.evidence import Evidence, Sum
from recsys.ranking import Basis, BrandScore, Ranker, Why, best


@dataclass(frozen=True, slots=True, eq=False)
class Popularity:
    """The brands that most customers bought: the same list for everybody."""

    basis: Basis
    name: str = "popularity"

    def rank(self, evidence: Evidence, n: int, without: Collection[str] = ()) -> list[BrandScore]:
        """Return the n most bought brands; `evidence` is not looked at."""
        del evidence
        return listed(self.basis, self.basis.prior, n, without)


@dataclass(frozen=True, slots=True, eq=False)
class OwnPurchasesThenViews:
    """What she bought most often, then what she looked at most, then what is popular."""

    basis: Basis
    name: str = "own-purchases-then-views"

    def rank(self, evidence: Evidence, n: int, without: Collection[str] = ()) -> list[BrandScore]:
        """Return her n most bought brands, filled up with her most viewed, then popular ones."""
        scores = self.basis.prior / 2  # below a single view
        scores[evidence.brand] += self.own(evidence)
        return listed(self.basis, scores, n, without)

    def own(self, evidence: Evidence) -> NDArray[np.float64]:
        """What each pair of one or many customers adds, shape (n,): a purchase beats any view."""
        views = evidence.of(Sum.VIEWS).astype(np.float64)
        most_views = float(views.max(initial=0.0))
        return np.asarray(evidence.of(Sum.PURCHASES) * (most_views + 1.0) + views, np.float64)


def listed(
    basis: Basis, scores: NDArray[np.float64], n: int, without: Collection[str]
) -> list[BrandScore]:
    """The n best by these scores, shape (B,), without reasons."""
    chosen = best(scores, basis.allowed(without), n)
    return [
        BrandScore(str(basis.brands[code]), float(scores[code]), place, Why())
        for place, code in enumerate(chosen, start=1)
    ]


BASELINES: Mapping[str, Callable[[Basis], Ranker]] = {
    "own-purchases-then-views": OwnPurchasesThenViews,
    "popularity": Popularity,
}


def baseline(name: str, basis: Basis) -> Ranker:
    """Return the rival of that name. Raises UnknownNameError listing the known ones."""
    if name not in BASELINES:
        raise UnknownNameError("baseline", name, BASELINES)
    return BASELINES[name](basis)
