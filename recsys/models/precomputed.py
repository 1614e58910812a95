"""Lists that another system made, one a customer, under the same contract as our own model."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from recsys.dataset.catalog import Catalogue
from recsys.dataset.evidence import Evidence
from recsys.models.base import Basis, BrandScore
from recsys.models.baselines import listed


@dataclass(frozen=True, slots=True, eq=False)
class ListedModel:
    """N customers and their brands. Which of them is asked about stands in the evidence.

    Evidence numbers its customer; here customer `number(key)`, from 1, has the list of that place,
    and number 0 is somebody without one.
    """

    basis: Basis
    keys: NDArray[np.uint64]  # (N,) ascending
    starts: NDArray[np.int64]  # (N + 1,) first row of each customer
    codes: NDArray[np.int32]  # (rows,) brand codes, best first within a customer

    @property
    def name(self) -> str:
        """The name that a study writes down."""
        return "lists"

    def number(self, key: int) -> int:
        """The number of a customer by her key, from 1; 0 where there is no list of hers."""
        at = int(np.searchsorted(self.keys, np.uint64(key)))
        return at + 1 if at < len(self.keys) and int(self.keys[at]) == key else 0

    def rank(self, evidence: Evidence, n: int, without: Collection[str] = ()) -> list[BrandScore]:
        """Return her list, filled up with what is popular; there are no reasons to give."""
        number = int(evidence.customer[0]) if len(evidence) else 0
        scores = self.basis.prior / 2  # below every listed brand
        if 0 < number < len(self.starts):
            hers = self.codes[self.starts[number - 1] : self.starts[number]]
            scores[hers] = 1 + np.arange(len(hers), 0, -1) / max(1, len(hers))
        return listed(self.basis, scores, n, without)

    def names(self, evidence: Evidence, n: int, without: Collection[str] = ()) -> list[str]:
        """Return the names of the same n brands."""
        return [score.brand for score in self.rank(evidence, n, without)]

    def over(self, catalogue: Catalogue) -> Self:
        """The same lists over a catalogue that may have grown."""
        return replace(self, basis=self.basis.over(catalogue))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What must be kept to restore this, as plain arrays (no pickle)."""
        return {
            "brands": self.basis.brands.astype(str),
            "sensitive": self.basis.sensitive,
            "buyers": self.basis.buyers,
            "keys": self.keys,
            "starts": self.starts,
            "codes": self.codes,
        }

    def meta(self) -> dict[str, Any]:
        """What must be kept beside the arrays, as JSON."""
        return {"kind": "lists", "lineage": self.basis.lineage}

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Self:
        """Build it again from `arrays()` and `meta()`. Raises KeyError for another's."""
        known = Basis(
            lineage=meta["lineage"],
            brands=arrays["brands"].astype(object),
            sensitive=arrays["sensitive"],
            buyers=arrays["buyers"],
        )
        return cls(known, arrays["keys"], arrays["starts"], arrays["codes"])


def lists_of(
    basis: Basis,
    key: NDArray[np.uint64],
    code: NDArray[np.int32],
    score: NDArray[np.float64],
) -> ListedModel:
    """Return the lists of rows of shape (n,): whose, which brand, how strong; ties by code.

    Of a brand that a customer has twice the stronger row stays. Scores must be numbers.
    """
    order = np.lexsort((-score, code, key))
    first = np.ones(len(order), np.bool_)
    first[1:] = (np.diff(key[order]) != 0) | (np.diff(code[order]) != 0)
    kept = order[first]
    kept = kept[np.lexsort((code[kept], -score[kept], key[kept]))]
    keys, starts = np.unique(key[kept], return_index=True)
    return ListedModel(
        basis, keys, np.append(starts, len(kept)).astype(np.int64), code[kept].astype(np.int32)
    )
