"""Import of another system's lists from Parquet as a model version."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from app.modeling.recommender import Recommender
from app.modeling.training import expected_balance
from app.modeling.training_data import policy_catalog, read_evidence
from app.storage.annotations import validate_tag
from app.storage.event_store.segment import customer_key
from app.storage.model_registry import ModelVersion
from app.workspace.workspace import DEFAULT_BASELINE, Workspace
from recsys.dataset.brand_names import brand_key
from recsys.dataset.catalog import Catalog
from recsys.dataset.interactions import Interactions
from recsys.errors import BadInputError
from recsys.models.base import build_brand_index
from recsys.models.hybrid import FitOptions
from recsys.models.precomputed import PrecomputedModel, build_precomputed
from recsys.progress import ProgressCallback, WorkStage
from recsys.study.policy import Policy

LIST_COLUMNS = ("customer", "brand", "score")
MAX_BAD_SHARE = 0.01  # of rows with an unknown brand or customer
POPULARITY_CUSTOMERS = 100_000  # sample size for counting brand popularity


@dataclass(frozen=True, slots=True)
class ImportedLists:
    """Result of an import."""

    version: ModelVersion
    rows: int  # rows in the file, with the dropped ones
    customers: int  # customers with a list
    dropped_rows: dict[str, int]  # reason -> rows
    short_list_share: float  # share of customers with fewer brands than a deck has picks


def imported_to_row(done: ImportedLists) -> dict[str, Any]:
    """Return the result as JSON data, as the command prints it."""
    return {
        "version": done.version.hash,
        "rows": done.rows,
        "customers": done.customers,
        "left_out": done.dropped_rows,
        "short": done.short_list_share,
    }


def import_lists(
    workspace: Workspace,
    path: Path,
    name: str,
    progress: ProgressCallback,
    max_bad: float = MAX_BAD_SHARE,
) -> ImportedLists:
    """Save the lists in a Parquet file as a model version, tagged with `name`.

    `max_bad` is the allowed share of rows (0 to 1) whose brand or customer the event store does not
    know. Raises BadInputError above that share, for a name that cannot be a tag, and for a file
    that is not Parquet, lacks a column or has a score that is not a finite number.
    """
    validate_tag(name)
    progress(WorkStage.READING_LISTS, 0.0)
    customer, brand, score = _read_columns(path)
    event_store, policy = workspace.event_store, workspace.policy
    catalog = policy_catalog(event_store, policy)
    code, key = _brand_codes(brand, catalog), _customer_keys(customer, workspace)
    dropped = {"unknown brand": int((code < 0).sum()), "unknown customer": int((key == 0).sum())}
    _check_bad_share(path, dropped, brand, code, max_bad)
    usable = (code >= 0) & (key > 0)
    progress(WorkStage.COUNTING_POPULARITY, 0.3)
    options = FitOptions(sample=min(1.0, POPULARITY_CUSTOMERS / max(1, event_store.customers)))
    chunks = read_evidence(event_store, catalog, options, progress)
    brand_index = build_brand_index(
        Interactions.from_evidence(chunks, len(catalog.brands)).buyers, catalog
    )
    model = build_precomputed(brand_index, key[usable], code[usable], score[usable])
    version = _save_version(workspace, model, policy, path, name, progress)
    lengths = np.diff(model.starts)
    short_share = float((lengths < policy.deck.picks).mean())
    return ImportedLists(version, len(score), len(model.keys), dropped, short_share)


def _read_columns(
    path: Path,
) -> tuple[pa.DictionaryArray, pa.DictionaryArray, NDArray[np.float64]]:
    """Return the columns customer and brand, dictionary-encoded, and the finite scores, (n,)."""
    table = _read_table(path)
    scores = table["score"].to_numpy(zero_copy_only=False).astype(np.float64)
    bad_rows = np.flatnonzero(~np.isfinite(scores))
    if len(bad_rows):
        raise BadInputError(
            f"{len(bad_rows):,} of {len(scores):,} scores in {path.name} are not finite "
            "numbers, the first in "
            f"row {bad_rows[0] + 1:,}: give every row a finite score, or leave the row out."
        )
    customer, brand = (
        _dictionary_encode(table[column], path, column) for column in LIST_COLUMNS[:2]
    )
    return customer, brand, scores


def _read_table(path: Path) -> pa.Table:
    try:
        table = pq.read_table(path)
    except FileNotFoundError:
        raise BadInputError(f"There is no file {path}: check the path.") from None
    except (pa.ArrowException, OSError) as error:
        raise BadInputError(
            f"{path.name} is not a readable Parquet file: export it again."
        ) from error
    missing = [column for column in LIST_COLUMNS if column not in table.column_names]
    if missing:
        raise BadInputError(
            f"{path.name} has no column {' and no column '.join(missing)}; it has "
            f"{', '.join(table.column_names)}. Name them customer, brand and score."
        )
    if not table.num_rows:
        raise BadInputError(f"{path.name} has no rows: write the lists into it.")
    score_type = table.schema.field("score").type
    if not (pa.types.is_floating(score_type) or pa.types.is_integer(score_type)):
        raise BadInputError(f"The column score of {path.name} is {score_type}: write numbers.")
    return table


def _dictionary_encode(column: pa.ChunkedArray, path: Path, name: str) -> pa.DictionaryArray:
    if column.null_count:
        raise BadInputError(
            f"{column.null_count:,} rows of {path.name} have no {name}: leave them out."
        )
    return column.cast(pa.string()).combine_chunks().dictionary_encode()


def _brand_codes(brand: pa.DictionaryArray, catalog: Catalog) -> NDArray[np.int32]:
    """Return the brand code of each row, (n,); -1 if the catalogue does not have the brand."""
    code_of = {brand_key(str(name)): code for code, name in enumerate(catalog.brands)}
    codes = [code_of.get(brand_key(name), -1) for name in brand.dictionary.to_pylist()]
    return np.asarray(np.array(codes, np.int32)[brand.indices.to_numpy()], np.int32)


def _customer_keys(customer: pa.DictionaryArray, workspace: Workspace) -> NDArray[np.uint64]:
    """Return the customer key of each row, (n,); 0 if the store has no events of the customer."""
    names, has_customer = customer.dictionary.to_pylist(), workspace.event_store.has_customer
    keys = np.array([customer_key(name) if has_customer(name) else 0 for name in names], np.uint64)
    return np.asarray(keys[customer.indices.to_numpy()], np.uint64)


def _check_bad_share(
    path: Path,
    dropped: dict[str, int],
    brand: pa.DictionaryArray,
    code: NDArray[np.int32],
    max_bad: float,
) -> None:
    """Raise BadInputError if the share of unusable rows is above `max_bad`."""
    rows, n_bad = len(code), sum(dropped.values())
    if n_bad <= max_bad * rows:
        return
    reasons = ", ".join(f"{number:,} x {reason}" for reason, number in dropped.items() if number)
    unknown_rows = sorted(set(np.flatnonzero(code < 0)[:200].tolist()))
    names = sorted({brand[place].as_py() for place in unknown_rows})[:3]
    examples = f", for instance {', '.join(map(repr, names))}" if names else ""
    raise BadInputError(
        f"{n_bad:,} of {rows:,} rows in {path.name} cannot be used, more than the {max_bad:.1%} "
        f"allowed: {reasons}{examples}. Write brands and customers as the event store does, or "
        "allow "
        "more with --max-bad."
    )


def _save_version(
    workspace: Workspace,
    model: PrecomputedModel,
    policy: Policy,
    path: Path,
    name: str,
    progress: ProgressCallback,
) -> ModelVersion:
    recommender = Recommender.bind(model, "", workspace.event_store, policy)
    facts: dict[str, Any] = {
        "name": name,
        "file": path.name,
        "data_version": workspace.event_store.version,
        "data_as_of": workspace.event_store.as_of,
        "customers": len(model.keys),
        "customers_in_store": workspace.event_store.customers,
        "brands": len(recommender.catalog.brands),
        "balance": expected_balance(recommender, policy, DEFAULT_BASELINE, 0, progress),
    }
    version = workspace.registry.save(model.arrays(), model.meta(), facts)
    if name not in workspace.registry.annotations.tags(version.hash):
        workspace.registry.annotations.add_tag(version.hash, name)
    return version
