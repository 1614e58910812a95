"""Lists of any system as a model version: read from Parquet, checked, and kept like every other."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from app.modeling.recommender import Brain
from app.modeling.training import expected_balance, policy_catalogue, read_evidence
from app.storage.annotations import checked_tag
from app.storage.event_store.segment import key_of
from app.storage.model_registry import Version
from app.workspace.workspace import BASELINE, House
from recsys.dataset.brand_names import brand_key
from recsys.dataset.catalog import Catalogue
from recsys.dataset.interactions import Lesson
from recsys.errors import BadInputError
from recsys.models.base import basis
from recsys.models.collaborative import Progress
from recsys.models.hybrid import FitOptions
from recsys.models.precomputed import ListedModel, lists_of
from recsys.study.policy import Policy

COLUMNS = ("customer", "brand", "score")
MOST_BAD = 0.01
COUNTED = 100_000  # customers that popularity is counted on


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import."""

    version: Version
    rows: int
    customers: int
    left_out: dict[str, int]  # reason -> rows
    short: float  # share of customers whose list is shorter than a deck's picks


def imported_to_row(done: Imported) -> dict[str, Any]:
    """Return what came of an import as its command prints it."""
    return {
        "version": done.version.hash,
        "rows": done.rows,
        "customers": done.customers,
        "left_out": done.left_out,
        "short": done.short,
    }


def import_lists(
    house: House, path: Path, name: str, progress: Progress, most_bad: float = MOST_BAD
) -> Imported:
    """Register lists as a version that is tagged with their name.

    Raises BadInputError for a name that cannot be a tag, for a file that is no Parquet, lacks a
    column or has a score that is no number, and where more rows than allowed are of brands or
    customers that the event store does not know.
    """
    checked_tag(name)
    progress("reading the lists", 0.0)
    customer, brand, score = _columns(path)
    warehouse, policy = house.warehouse, house.policy
    catalogue = policy_catalogue(warehouse, policy)
    code, key = _codes(brand, catalogue), _keys(customer, house)
    left_out = {"unknown brand": int((code < 0).sum()), "unknown customer": int((key == 0).sum())}
    _refuse(path, left_out, brand, code, most_bad)
    kept = (code >= 0) & (key > 0)
    progress("counting how popular brands are", 0.3)
    options = FitOptions(sample=min(1.0, COUNTED / max(1, warehouse.customers)))
    chunks = read_evidence(warehouse, catalogue, options, progress)
    known = basis(Lesson.of(chunks, len(catalogue.brands)).buyers, catalogue)
    model = lists_of(known, key[kept], code[kept], score[kept])
    version = _saved(house, model, policy, path, name, progress)
    lengths = np.diff(model.starts)
    short = float((lengths < policy.deck.picks).mean())
    return Imported(version, len(score), len(model.keys), left_out, short)


def _columns(
    path: Path,
) -> tuple[pa.DictionaryArray, pa.DictionaryArray, NDArray[np.float64]]:
    """Return customers and brands as codes of texts, and scores, all of them numbers."""
    table = _table(path)
    scores = table["score"].to_numpy(zero_copy_only=False).astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(scores))
    if len(bad):
        raise BadInputError(
            f"{len(bad):,} of {len(scores):,} scores in {path.name} are no numbers, the first in "
            f"row {bad[0] + 1:,}: give every row a finite score, or leave the row out."
        )
    customer, brand = (_coded(table[column], path, column) for column in COLUMNS[:2])
    return customer, brand, scores


def _table(path: Path) -> pa.Table:
    try:
        table = pq.read_table(path)
    except FileNotFoundError:
        raise BadInputError(f"There is no file {path}: check the path.") from None
    except (pa.ArrowException, OSError) as error:
        raise BadInputError(f"{path.name} is no readable Parquet file: write it anew.") from error
    missing = [column for column in COLUMNS if column not in table.column_names]
    if missing:
        raise BadInputError(
            f"{path.name} has no column {' and no column '.join(missing)}; it has "
            f"{', '.join(table.column_names)}. Name them customer, brand and score."
        )
    if not table.num_rows:
        raise BadInputError(f"{path.name} has no rows: write the lists into it.")
    kind = table.schema.field("score").type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        raise BadInputError(f"The column score of {path.name} is {kind}: write numbers.")
    return table


def _coded(column: pa.ChunkedArray, path: Path, name: str) -> pa.DictionaryArray:
    if column.null_count:
        raise BadInputError(
            f"{column.null_count:,} rows of {path.name} have no {name}: leave them out."
        )
    return column.cast(pa.string()).combine_chunks().dictionary_encode()


def _codes(brand: pa.DictionaryArray, catalogue: Catalogue) -> NDArray[np.int32]:
    """Return the brand code of each row, -1 where the catalogue has no such brand."""
    known = {brand_key(str(name)): code for code, name in enumerate(catalogue.brands)}
    codes = [known.get(brand_key(name), -1) for name in brand.dictionary.to_pylist()]
    return np.asarray(np.array(codes, np.int32)[brand.indices.to_numpy()], np.int32)


def _keys(customer: pa.DictionaryArray, house: House) -> NDArray[np.uint64]:
    """Return the key of each row's customer, 0 where the store has no events of hers."""
    names, has = customer.dictionary.to_pylist(), house.warehouse.has
    keys = np.array([key_of(name) if has(name) else 0 for name in names], np.uint64)
    return np.asarray(keys[customer.indices.to_numpy()], np.uint64)


def _refuse(
    path: Path,
    left_out: dict[str, int],
    brand: pa.DictionaryArray,
    code: NDArray[np.int32],
    most_bad: float,
) -> None:
    """Raise BadInputError where too many rows would be left out, or all of them."""
    rows, bad = len(code), sum(left_out.values())
    if bad <= most_bad * rows:
        return
    why = ", ".join(f"{number:,} x {reason}" for reason, number in left_out.items() if number)
    strange = sorted(set(np.flatnonzero(code < 0)[:200].tolist()))
    names = sorted({brand[place].as_py() for place in strange})[:3]
    shown = f", for instance {', '.join(map(repr, names))}" if names else ""
    raise BadInputError(
        f"{bad:,} of {rows:,} rows in {path.name} cannot be used, more than the {most_bad:.1%} "
        f"allowed: {why}{shown}. Write brands and customers as the event store does, or allow "
        "more with --max-bad."
    )


def _saved(
    house: House, model: ListedModel, policy: Policy, path: Path, name: str, progress: Progress
) -> Version:
    brain = Brain.over(model, "", house.warehouse, policy)
    facts: dict[str, Any] = {
        "name": name,
        "file": path.name,
        "data_version": house.warehouse.version,
        "data_as_of": house.warehouse.as_of,
        "customers": len(model.keys),
        "customers_in_store": house.warehouse.customers,
        "brands": len(brain.catalogue.brands),
        "balance": expected_balance(brain, policy, BASELINE, 0, progress),
    }
    version = house.registry.save(model.arrays(), model.meta(), facts)
    if name not in house.registry.remarks.tags(version.hash):
        house.registry.remarks.tag(version.hash, name)
    return version
