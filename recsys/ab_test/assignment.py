"""Seeded assignment of customers to the variants (arms) of a shop's A/B test of the carousel."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from recsys.errors import BadInputError

MODEL, BASELINE, NONE = "model", "baseline", "none"  # the ranker of the carousel; none: no carousel
VARIANT_NAMES = (MODEL, BASELINE, NONE)
TOTAL_PERCENT = 100


@dataclass(frozen=True, slots=True)
class Variants:
    """The variants of a test with their shares, and the seed of the assignment."""

    shares: Mapping[str, int]  # variant -> percent; adds up to 100
    seed: int = 0

    def __post_init__(self) -> None:
        """Raise BadInputError for unknown variants, a percent below 1 or a total other than 100."""
        unknown = [name for name in self.shares if name not in VARIANT_NAMES]
        if unknown or any(share < 1 for share in self.shares.values()):
            raise BadInputError(
                f"Arms are {', '.join(VARIANT_NAMES)}, each with a whole percent above 0."
            )
        if sum(self.shares.values()) != TOTAL_PERCENT:
            raise BadInputError(
                f"The arms add up to {sum(self.shares.values())}%, not {TOTAL_PERCENT}%; "
                "write them like model:45,baseline:45,none:10."
            )

    @classmethod
    def parse(cls, text: str, seed: int) -> "Variants":
        """Parse shares like `model:45,baseline:45,none:10`. Raises BadInputError."""
        try:
            pairs = [part.split(":") for part in text.split(",")]
            shares = {name.strip(): int(share) for name, share in pairs}
        except ValueError:
            shares = {}
        if not shares or len(shares) < len(pairs):
            raise BadInputError(
                f"The arms {text!r} cannot be read; write them like model:45,baseline:45,none:10."
            )
        return cls(shares, seed)

    def assign(self, keys: NDArray[np.uint64]) -> NDArray[np.int8]:
        """Return the variant of each customer as an index into `shares`, (n,). keys: (n,).

        The customer key and the seed are mixed by the finaliser of SplitMix64 (Steele, Lea and
        Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014). So assignments of
        different seeds are independent, and a variant depends on no other customer.
        """
        mixed = _splitmix64(keys ^ _splitmix64(np.array([self.seed], np.uint64)))
        percent = (mixed >> np.uint64(11)).astype(np.float64) * (TOTAL_PERCENT / 2**53)
        edges = list(accumulate(self.shares.values()))
        return (
            np.searchsorted(edges, percent, side="right").clip(max=len(edges) - 1).astype(np.int8)
        )


def _splitmix64(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    with np.errstate(over="ignore"):
        mixed = keys + np.uint64(0x9E3779B97F4A7C15)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
        return np.asarray(mixed ^ (mixed >> np.uint64(31)), np.uint64)
