"""One part of a batch export: read customers, aggregate events, rank brands, write Parquet."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from app.modeling.recommender import Recommender, load_recommender
from app.storage.evidence_table import CustomerEvidence, read_part
from app.workspace.workspace import DEFAULT_BASELINE, Workspace
from recsys.ab_test.assignment import BASELINE as BASELINE_ARM
from recsys.ab_test.assignment import MODEL, NONE, Variants
from recsys.dataset.event_aggregation import aggregate_events
from recsys.errors import BadInputError
from recsys.models.base import ExplanationReason
from recsys.models.baselines import OwnPurchasesThenViews
from recsys.models.batch import BaselineBatchRanker, BatchRanker, HybridBatchRanker
from recsys.models.hybrid import HybridModel
from recsys.models.user_batch import Recommendations, ranks_in_runs
from recsys.study.policy import Policy

PART_SIZE = 25_000  # customers


_TEXT_TYPE = pa.dictionary(pa.int32(), pa.string())


LIST_SCHEMA = pa.schema(
    [
        ("customer", pa.large_string()),
        ("arm", _TEXT_TYPE),
        ("brand", _TEXT_TYPE),
        ("rank", pa.int32()),  # 1 is the favourite
        ("reason", _TEXT_TYPE),  # an ExplanationReason
        ("featured", pa.list_(pa.string())),  # ids of featured products, most bought first
        ("popular", pa.list_(pa.string())),  # ids of the most bought products
    ]
)
"""Columns of a part. A customer in the arm `none` has one row without a brand."""


@dataclass(frozen=True, slots=True)
class ExportSpec:
    """Specification of an export. Together with the events, it determines every byte of it."""

    model: str  # hash of the model version
    policy: Mapping[str, Any]
    n: int  # brands per customer
    products: int = 3  # per brand: so many featured and so many popular products
    arms: Mapping[str, int] | None = None  # percent of customers per arm; None: all in arm MODEL
    seed: int = 0
    part: int = PART_SIZE  # customers per part
    evidence: str | None = None  # digest of the evidence table; None: from events


def order_to_row(order: ExportSpec) -> dict[str, Any]:
    """Return the specification as JSON data, as the export folder stores it."""
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


EVIDENCE_PARTS = "evidence.cut"
"""Subfolder with the evidence table split into parts; deleted when the export is complete."""


def part_path(out: Path, number: int) -> Path:
    return out / f"part-{number:05d}.parquet"


def write_atomically(file: Path, write: Callable[[Path], object]) -> None:
    """Write to a temporary name, fsync, then rename, so that `file` is always complete."""
    temp_path = file.with_name(f".{file.name}.new")
    write(temp_path)
    with temp_path.open("rb") as written_file:
        os.fsync(written_file.fileno())
    temp_path.rename(file)


@dataclass(frozen=True, slots=True, eq=False)
class PartWriter:
    """Writer of the parts of one export, for a catalog of B brands."""

    spec: ExportSpec
    out: Path
    recommender: Recommender
    variants: Variants
    rankers: Mapping[str, BatchRanker]  # arm -> ranker, for arms that get lists
    featured: pa.Array  # (B,) lists of up to `spec.products` product ids
    popular: pa.Array  # (B,) lists of up to `spec.products` product ids

    @classmethod
    def of(cls, workspace: Workspace, spec: ExportSpec, out: Path) -> "PartWriter":
        """Load the model and select the top products of its brands.

        Raises BadInputError if the version holds imported lists.
        """
        recommender = load_recommender(workspace, spec.model, Policy.from_dict(spec.policy))
        if not isinstance(recommender.model, HybridModel):
            raise BadInputError(
                f"Version {spec.model[:8]} holds lists that another system made, and they are "
                "carousels already: load them into the shop's store as they are."
            )
        baseline_ranker = recommender.baseline(DEFAULT_BASELINE)
        assert isinstance(baseline_ranker, OwnPurchasesThenViews)
        variants = Variants(spec.arms or {MODEL: 100}, spec.seed)
        all_rankers: Mapping[str, BatchRanker] = {
            MODEL: HybridBatchRanker(recommender.model),
            BASELINE_ARM: BaselineBatchRanker(baseline_ranker),
        }
        return cls(
            spec=spec,
            out=out,
            recommender=recommender,
            variants=variants,
            rankers={name: all_rankers[name] for name in variants.shares if name != NONE},
            featured=_top_products(recommender, spec.products, featured=True),
            popular=_top_products(recommender, spec.products, featured=False),
        )

    def write(self, number: int) -> int:
        """Write the part with this number and return the number."""
        table = pa.concat_tables(self._tables(number))
        write_atomically(part_path(self.out, number), lambda aside: pq.write_table(table, aside))
        return number

    def _tables(self, number: int) -> Iterator[pa.Table]:
        customers = self._customers_of_part(number)
        variant_of_customer = self.variants.assign(customers.keys)
        for index, variant in enumerate(self.variants.shares):
            in_variant = variant_of_customer == index
            ids = customers.ids.filter(pa.array(in_variant))
            if variant == NONE:
                yield self._table_without_lists(ids)
            else:
                customer_numbers, evidence = customers.numbers[in_variant], customers.evidence
                variant_evidence = (
                    evidence.for_customers(customer_numbers) if not in_variant.all() else evidence
                )
                yield self._table(
                    variant,
                    ids,
                    self.rankers[variant].rank_many(
                        customer_numbers, variant_evidence, self.spec.n
                    ),
                )

    def _customers_of_part(self, number: int) -> CustomerEvidence:
        """Return the customers of a part with their evidence."""
        if self.spec.evidence is not None:
            return read_part(self.out / EVIDENCE_PARTS, number, self.recommender.catalog)
        event_store = self.recommender.event_store
        first, last = number * self.spec.part, (number + 1) * self.spec.part
        numbers, rows = event_store.events_between(first, last)
        customer_numbers = np.arange(first, min(last, event_store.customers))
        return CustomerEvidence(
            ids=event_store.ids_between(first, last),
            keys=event_store.keys[customer_numbers],
            numbers=customer_numbers,
            evidence=aggregate_events(
                rows, self.recommender.item_facts, event_store.as_of, numbers
            ),
        )

    def _table(self, variant: str, ids: pa.Array, recommendations: Recommendations) -> pa.Table:
        row, brand = pa.array(recommendations.row), pa.array(recommendations.brand)
        columns = {
            "customer": ids.take(row),
            "arm": _dictionary_array(np.zeros(len(row), np.int32), [variant]),
            "brand": _dictionary_array(
                recommendations.brand.astype(np.int32), self.recommender.catalog.brands
            ),
            "rank": pa.array(recommendations.rank.astype(np.int32)),
            "reason": _dictionary_array(
                recommendations.reason.astype(np.int32), [kind.value for kind in ExplanationReason]
            ),
            "featured": self.featured.take(brand),
            "popular": self.popular.take(brand),
        }
        return self._to_schema(columns)

    def _table_without_lists(self, ids: pa.Array) -> pa.Table:
        """Return one row per customer of the arm `none`: id and arm, no brand."""
        columns = {"customer": ids, "arm": _dictionary_array(np.zeros(len(ids), np.int32), [NONE])}
        return self._to_schema(columns)

    def _to_schema(self, columns: dict[str, pa.Array]) -> pa.Table:
        """Return a table with LIST_SCHEMA, without the column `arm` if the export has no arms."""
        rows = len(columns["customer"])
        fields = [field for field in LIST_SCHEMA if self.spec.arms or field.name != "arm"]
        arrays = [columns.get(field.name, pa.nulls(rows, field.type)) for field in fields]
        return pa.table(
            [pa.array(part).cast(field.type) for part, field in zip(arrays, fields, strict=True)],
            schema=pa.schema(fields),
        )


def _dictionary_array(codes: Any, values: Any) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(list(values), pa.string()))


def _top_products(recommender: Recommender, n: int, featured: bool) -> pa.Array:
    """Return the ids of each brand's n most bought products that may be shown, (B,) lists."""
    catalog = recommender.catalog
    brand = catalog.item_brand
    shown = (brand >= 0) & ~catalog.item_sensitive & (catalog.item_product != "")
    if featured:
        shown &= catalog.item_featured
    items = np.flatnonzero(shown)
    items = items[np.lexsort((-recommender.event_store.item_purchases[items], brand[items]))]
    items = items[ranks_in_runs(brand[items]) <= n]
    starts = np.searchsorted(brand[items], np.arange(len(catalog.brands) + 1))
    ids = pa.array(catalog.item_product[items], pa.string())
    return pa.ListArray.from_arrays(pa.array(starts.astype(np.int32)), ids)
