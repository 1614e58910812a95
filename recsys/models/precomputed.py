"""Brand lists of another system, one per customer, as a ranker (`Ranker`)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from recsys.dataset.catalog import Catalog
from recsys.dataset.evidence import Evidence
from recsys.models.base import BrandIndex, BrandScore
from recsys.models.baselines import top_scored_brands


@dataclass(frozen=True, slots=True, eq=False)
class PrecomputedModel:
    """Imported lists of N customers, found by the customer number in the evidence.

    Evidence for this model must use the numbers of `customer_number(key)`: the list's position
    from 1, or 0 for a customer without a list.
    """

    brand_index: BrandIndex
    keys: NDArray[np.uint64]  # (N,) customer keys, ascending
    starts: NDArray[np.int64]  # (N + 1,) first row of each customer
    codes: NDArray[np.int32]  # (rows,) brand codes, best first within a customer

    @property
    def name(self) -> str:
        """The name that a study stores."""
        return "lists"

    def customer_number(self, key: int) -> int:
        """Return the number of the customer with this key, from 1; 0 if there is no list."""
        position = int(np.searchsorted(self.keys, np.uint64(key)))
        return position + 1 if position < len(self.keys) and int(self.keys[position]) == key else 0

    def rank(self, evidence: Evidence, n: int, without: Collection[str] = ()) -> list[BrandScore]:
        """Return the customer's list, then popular brands, without explanations; see `Ranker`."""
        number = int(evidence.customer[0]) if len(evidence) else 0
        scores = self.brand_index.prior / 2  # at most 0.5; a listed brand has more than 1
        if 0 < number < len(self.starts):
            own_codes = self.codes[self.starts[number - 1] : self.starts[number]]
            scores[own_codes] = 1 + np.arange(len(own_codes), 0, -1) / max(1, len(own_codes))
        return top_scored_brands(self.brand_index, scores, n, without)

    def names(self, evidence: Evidence, n: int, without: Collection[str] = ()) -> list[str]:
        """Return only the names of the brands of `rank`."""
        return [score.brand for score in self.rank(evidence, n, without)]

    def rebase_on(self, catalog: Catalog) -> Self:
        """Return the lists for a newer catalog, which may have more brands.

        Raises WorkspaceError if the catalog has another lineage, so that the codes do not match.
        """
        return replace(self, brand_index=self.brand_index.rebase_on(catalog))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the plain arrays to save (no pickle)."""
        return {
            "brands": self.brand_index.brands.astype(str),
            "sensitive": self.brand_index.sensitive,
            "buyers": self.brand_index.buyers,
            "keys": self.keys,
            "starts": self.starts,
            "codes": self.codes,
        }

    def meta(self) -> dict[str, Any]:
        """Return the JSON object to save with the arrays."""
        return {"kind": "lists", "lineage": self.brand_index.lineage}

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Self:
        """Restore from `arrays()` and `meta()`. Raises KeyError for another kind of model."""
        brand_index = BrandIndex(
            lineage=meta["lineage"],
            brands=arrays["brands"].astype(object),
            sensitive=arrays["sensitive"],
            buyers=arrays["buyers"],
        )
        return cls(brand_index, arrays["keys"], arrays["starts"], arrays["codes"])


def build_precomputed(
    brand_index: BrandIndex,
    key: NDArray[np.uint64],
    code: NDArray[np.int32],
    score: NDArray[np.float64],
) -> PrecomputedModel:
    """Build the lists from rows of customer key, brand code and score, (n,) each; ties by code.

    If a customer has a brand twice, the row with the higher score stays. Scores must not be NaN.
    """
    order = np.lexsort((-score, code, key))
    is_first = np.ones(len(order), np.bool_)
    is_first[1:] = (np.diff(key[order]) != 0) | (np.diff(code[order]) != 0)
    kept_rows = order[is_first]
    kept_rows = kept_rows[np.lexsort((code[kept_rows], -score[kept_rows], key[kept_rows]))]
    keys, starts = np.unique(key[kept_rows], return_index=True)
    return PrecomputedModel(
        brand_index,
        keys,
        np.append(starts, len(kept_rows)).astype(np.int64),
        code[kept_rows].astype(np.int32),
    )
