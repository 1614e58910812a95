"""One part of everybody's brands: read, summed up, ranked and written by whoever is asked to."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from app.modeling.recommender import Brain, load_brain
from app.storage.evidence_table import Crowd, part_of_table
from app.workspace.workspace import BASELINE, House
from recsys.ab_test.assignment import BASELINE as BASELINE_ARM
from recsys.ab_test.assignment import MODEL, NONE, Arms
from recsys.dataset.aggregation import summarise
from recsys.errors import BadInputError
from recsys.models.base import Reason
from recsys.models.baselines import OwnPurchasesThenViews
from recsys.models.batch import Batch, Lister, RivalBatch
from recsys.models.hybrid import FavouriteModel
from recsys.models.user_batch import Listed, places
from recsys.study.policy import Policy

PART = 25_000  # customers


_TEXTS = pa.dictionary(pa.int32(), pa.string())


SCHEMA = pa.schema(
    [
        ("customer", pa.large_string()),
        ("arm", _TEXTS),
        ("brand", _TEXTS),
        ("rank", pa.int32()),  # 1 is the favourite
        ("reason", _TEXTS),  # a Reason
        ("featured", pa.list_(pa.string())),  # product ids, the most bought first
        ("popular", pa.list_(pa.string())),
    ]
)
"""Columns of a part. In the arm `none` a customer has one row, and it names no brand."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be written: together with the events it decides every byte of the lists."""

    model: str  # hash of a version
    policy: Mapping[str, Any]
    n: int  # brands a customer
    products: int = 3  # featured and popular ones of each brand
    arms: Mapping[str, int] | None = None  # percent; None: the model's lists for everybody
    seed: int = 0
    part: int = PART
    evidence: str | None = None  # digest of a table that a warehouse summed up; None: the events


def order_to_row(order: Order) -> dict[str, Any]:
    """Return an order as the folder of its parts claims it."""
    return {
        "model": order.model,
        "policy": order.policy,
        "n": order.n,
        "products": order.products,
        "arms": order.arms,
        "seed": order.seed,
        "part": order.part,
        "evidence": order.evidence,
    }


CUT = "evidence.cut"
"""Where such a table lies, cut into parts, until all of them are written."""


def part_of(out: Path, number: int) -> Path:
    return out / f"part-{number:05d}.parquet"


def put(file: Path, write: Callable[[Path], object]) -> None:
    """Write aside, then give it its name: who sees the name sees all of it."""
    aside = file.with_name(f".{file.name}.new")
    write(aside)
    with aside.open("rb") as whole:
        os.fsync(whole.fileno())
    aside.rename(file)


@dataclass(frozen=True, slots=True, eq=False)
class Writer:
    """Writes one part after another."""

    order: Order
    out: Path
    brain: Brain
    arms: Arms
    listers: Mapping[str, Lister]  # of every arm that gets lists
    featured: pa.Array  # (B,) lists of product ids
    popular: pa.Array

    @classmethod
    def of(cls, house: House, order: Order, out: Path) -> "Writer":
        """Load the model and sort what its brands sell."""
        brain = load_brain(house, order.model, Policy.from_dict(order.policy))
        if not isinstance(brain.model, FavouriteModel):
            raise BadInputError(
                f"Version {order.model[:8]} holds lists that another system made, and they are "
                "carousels already: load them into the shop's store as they are."
            )
        rival = brain.rival(BASELINE)
        assert isinstance(rival, OwnPurchasesThenViews)
        arms = Arms(order.arms or {MODEL: 100}, order.seed)
        every: Mapping[str, Lister] = {MODEL: Batch(brain.model), BASELINE_ARM: RivalBatch(rival)}
        return cls(
            order=order,
            out=out,
            brain=brain,
            arms=arms,
            listers={name: every[name] for name in arms.shares if name != NONE},
            featured=_products(brain, order.products, featured=True),
            popular=_products(brain, order.products, featured=False),
        )

    def write(self, number: int) -> int:
        """Write one part and return its number."""
        table = pa.concat_tables(self._tables(number))
        put(part_of(self.out, number), lambda aside: pq.write_table(table, aside))
        return number

    def _tables(self, number: int) -> Iterator[pa.Table]:
        crowd = self._crowd(number)
        dealt = self.arms.of(crowd.keys)
        for place, arm in enumerate(self.arms.shares):
            mine = dealt == place
            ids = crowd.ids.filter(pa.array(mine))
            if arm == NONE:
                yield self._unlisted(ids)
            else:
                whose, all_of = crowd.whose[mine], crowd.evidence
                hers = all_of.among(whose) if not mine.all() else all_of
                yield self._table(arm, ids, self.listers[arm].lists(whose, hers, self.order.n))

    def _crowd(self, number: int) -> Crowd:
        """The customers of a part."""
        if self.order.evidence is not None:
            return part_of_table(self.out / CUT, number, self.brain.catalogue)
        warehouse = self.brain.warehouse
        first, last = number * self.order.part, (number + 1) * self.order.part
        numbers, rows = warehouse.stretch(first, last)
        whose = np.arange(first, min(last, warehouse.customers))
        return Crowd(
            ids=warehouse.ids_between(first, last),
            keys=warehouse.keys[whose],
            whose=whose,
            evidence=summarise(rows, self.brain.facts, warehouse.as_of, numbers),
        )

    def _table(self, arm: str, ids: pa.Array, listed: Listed) -> pa.Table:
        row, brand = pa.array(listed.row), pa.array(listed.brand)
        columns = {
            "customer": ids.take(row),
            "arm": _said(np.zeros(len(row), np.int32), [arm]),
            "brand": _said(listed.brand.astype(np.int32), self.brain.catalogue.brands),
            "rank": pa.array(listed.rank.astype(np.int32)),
            "reason": _said(listed.reason.astype(np.int32), [kind.value for kind in Reason]),
            "featured": self.featured.take(brand),
            "popular": self.popular.take(brand),
        }
        return self._shaped(columns)

    def _unlisted(self, ids: pa.Array) -> pa.Table:
        """Customers without a carousel: their arm alone."""
        columns = {"customer": ids, "arm": _said(np.zeros(len(ids), np.int32), [NONE])}
        return self._shaped(columns)

    def _shaped(self, columns: dict[str, pa.Array]) -> pa.Table:
        """A table of SCHEMA; the arm is left out where everybody has the model's."""
        rows = len(columns["customer"])
        fields = [field for field in SCHEMA if self.order.arms or field.name != "arm"]
        found = [columns.get(field.name, pa.nulls(rows, field.type)) for field in fields]
        return pa.table(
            [pa.array(part).cast(field.type) for part, field in zip(found, fields, strict=True)],
            schema=pa.schema(fields),
        )


def _said(codes: Any, words: Any) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(list(words), pa.string()))


def _products(brain: Brain, n: int, featured: bool) -> pa.Array:
    """The n most bought products of each brand that may be shown, as lists of their ids, (B,)."""
    catalogue = brain.catalogue
    brand = catalogue.item_brand
    shown = (brand >= 0) & ~catalogue.item_sensitive & (catalogue.item_product != "")
    if featured:
        shown &= catalogue.item_featured
    items = np.flatnonzero(shown)
    items = items[np.lexsort((-brain.warehouse.item_buys[items], brand[items]))]
    items = items[places(brand[items]) <= n]
    starts = np.searchsorted(brand[items], np.arange(len(catalogue.brands) + 1))
    ids = pa.array(catalogue.item_product[items], pa.string())
    return pa.ListArray.from_arrays(pa.array(starts.astype(np.int32)), ids)
