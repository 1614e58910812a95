"""Evidence table: a warehouse's aggregates, one row per customer and brand.

It is read from files and not stored in the workspace. Customer ids are known here only while a
model is fitted or lists are exported.
"""

import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from app.storage.event_store.duckdb_sql import sql_literal
from app.storage.event_store.segment import KEY_SPACE, KEY_SQL, CustomerKeys, file_hash
from app.storage.event_store.store import CHUNK_ROWS, key_ranges
from app.storage.event_store.transaction import duckdb_engine
from app.storage.ingest import readers
from app.storage.warehouse.evidence_columns import (
    AS_OF,
    DISTINCT_COUNTS,
    EVIDENCE_COLUMNS,
    FIRST,
    LAST,
    SUM_COLUMNS,
)
from recsys.dataset.brand_names import brand_key
from recsys.dataset.catalog import Catalog
from recsys.dataset.events import Col
from recsys.dataset.evidence import Evidence, empty_evidence, evidence_from_counts
from recsys.errors import BadEventsError

_KEY, _CODE, _PART = "key", "code", "part"
_NUMBERS = (AS_OF, FIRST, LAST, *SUM_COLUMNS, *DISTINCT_COUNTS)
_READ_COLUMNS = f"{Col.CUSTOMER}, {_KEY}, {_CODE}, {', '.join(_NUMBERS)}"
_MAKE_HINT = "make it with brandswipe data aggregate"
IsErased = Callable[[str], bool]
"""Returns whether a customer id was erased from the event store."""


@dataclass(frozen=True, slots=True, eq=False)
class CustomerEvidence:
    """Ids, keys, numbers and evidence of N customers."""

    ids: pa.Array  # (N,)
    keys: CustomerKeys  # (N,) keys that A/B arms are assigned by
    numbers: NDArray[np.int64]  # (N,) customer numbers in `evidence`, ascending
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class EvidenceTable:
    """The files of one evidence table, and its totals."""

    files: tuple[Path, ...]
    digest: str  # SHA-256 of the hashes of all files
    pairs: int  # rows: one per customer and brand
    customers: int
    as_of: int  # seconds since 1970; ages of events are measured from it
    is_erased: IsErased | None = None

    @classmethod
    def open(cls, location: str, is_erased: IsErased | None = None) -> "EvidenceTable":
        """Validate all rows, without those of erased customers.

        Raises BadEventsError if the files are not exactly one valid evidence table.
        """
        files = readers.find_files(location).events
        with _loaded_table(files, is_erased) as con:
            pairs, customers, first, last, bad = _fetch_row(con, _SUMMARY_SQL)
            (duplicates,) = _fetch_row(con, _DUPLICATES_SQL)
        if not pairs:
            raise BadEventsError("There is no row in this table of evidence; export it again.")
        if bad or first is None:
            raise BadEventsError(
                f"{bad:,} of {pairs:,} rows of evidence lack a customer, a brand or a whole number "
                f"from 0: {_MAKE_HINT}, and export the complete table."
            )
        if duplicates or first != last:
            raise BadEventsError(
                "These files hold more than one table of evidence, which cannot be added up: "
                f"{duplicates:,} customers and brands are there twice. Keep the newest alone."
            )
        digest = hashlib.sha256("".join(file_hash(file) for file in files).encode()).hexdigest()
        return cls(files, digest, pairs, customers, last, is_erased)

    def facts(self, catalog: Catalog) -> dict[str, Any]:
        """Return the facts about the table to save with a model version."""
        with _loaded_table(self.files, self.is_erased) as con:
            _make_coded_view(con, catalog)
            (unknown,) = _fetch_row(con, f"SELECT count(*) FROM coded WHERE {_CODE} < 0")
        return {
            "digest": self.digest,
            "pairs": self.pairs,
            "unknown": unknown,  # pairs with a brand that the event store does not have
            "as_of": self.as_of,
        }

    def read_sample(
        self, catalog: Catalog, sample: float, seed: int, chunk: int = CHUNK_ROWS
    ) -> Iterator[Evidence]:
        """Yield the evidence of the same sample of customers as `EventStore.scan`, in chunks.

        All rows of a customer are in one chunk. Unknown and sensitive brands give no evidence.
        """
        with _loaded_table(self.files, self.is_erased) as con:
            _make_coded_view(con, catalog)
            ranges = np.array(key_ranges(sample, seed), np.uint64)
            con.register("ranges", pa.table({"low": ranges[:, 0], "high": ranges[:, 1]}))
            inside = f"SEMI JOIN ranges ON {_KEY} >= low AND {_KEY} < high"
            rows = con.sql(
                f"SELECT {_READ_COLUMNS} FROM coded {inside} ORDER BY {_KEY}, {Col.CUSTOMER}"
            )
            for part in _whole_customers(rows.to_arrow_reader(chunk)):
                yield _customer_evidence(part, catalog).evidence

    def write_parts(self, folder: Path, catalog: Catalog, parts: int) -> None:
        """Split the table by customer key into `parts` partitions under `folder`, atomically."""
        temp_path = folder.with_suffix(".cutting")
        shutil.rmtree(temp_path, ignore_errors=True)
        part = f"least({parts - 1}, {_KEY} // {KEY_SPACE // parts})"
        with _loaded_table(self.files, self.is_erased) as con:
            _make_coded_view(con, catalog)
            con.execute(
                f"COPY (SELECT {_READ_COLUMNS}, {part} AS {_PART} FROM coded) TO "
                f"{sql_literal(str(temp_path))} "
                f"(FORMAT parquet, PARTITION_BY ({_PART}))"
            )
        temp_path.rename(folder)


def read_part(folder: Path, number: int, catalog: Catalog) -> CustomerEvidence:
    """Return the customers of one partition that `write_parts` wrote."""
    files = sorted((folder / f"{_PART}={number}").glob("*.parquet"))
    tables = [pq.ParquetFile(file).read() for file in files]
    return _customer_evidence(pa.concat_tables(tables) if tables else _EMPTY, catalog)


@contextmanager
def _loaded_table(
    files: Sequence[Path], is_erased: IsErased | None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a DuckDB connection with the table as the view `summed`.

    Raises BadEventsError if a column is missing.
    """
    with TemporaryDirectory() as folder, duckdb_engine(Path(folder)) as con:
        loaded = readers.load_files(con, "texts", files, EVIDENCE_COLUMNS, {}, Path(folder))
        missing = [name for name in EVIDENCE_COLUMNS if name not in loaded.columns]
        if missing:
            raise BadEventsError(
                f"This is no table of evidence, it lacks {missing[0]}: {_MAKE_HINT}."
            )
        picks = ", ".join(f"TRY_CAST({name} AS BIGINT) AS {name}" for name in _NUMBERS)
        con.execute(
            f"CREATE VIEW summed AS SELECT {Col.CUSTOMER}, {Col.BRAND}, {picks} FROM texts "
            f"{_anti_join_erased(con, is_erased)}"
        )
        yield con


def _anti_join_erased(con: duckdb.DuckDBPyConnection, is_erased: IsErased | None) -> str:
    if is_erased is None:
        return ""
    customer_ids = con.execute(
        f"SELECT DISTINCT {Col.CUSTOMER} FROM texts WHERE {_HAS_CUSTOMER_SQL}"
    ).fetchall()
    erased = [who for (who,) in customer_ids if is_erased(who)]
    con.register("gone", pa.table({Col.CUSTOMER: pa.array(erased, pa.string())}))
    return f"ANTI JOIN gone USING ({Col.CUSTOMER})"


_HAS_CUSTOMER_SQL = f"{Col.CUSTOMER} IS NOT NULL"
_FAULTS_SQL = " OR ".join(
    [*(f"{name} IS NULL" for name in EVIDENCE_COLUMNS), *(f"{name} < 0" for name in _NUMBERS)]
)
_SUMMARY_SQL = f"""SELECT count(*), count(DISTINCT {Col.CUSTOMER}), min({AS_OF}), max({AS_OF}),
count(*) FILTER ({_FAULTS_SQL}) FROM summed"""
_DUPLICATES_SQL = f"""SELECT count(*) FROM
(SELECT 1 FROM summed GROUP BY {Col.CUSTOMER}, {Col.BRAND} HAVING count(*) > 1)"""


def _fetch_row(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[int, ...]:
    (row,) = con.execute(sql).fetchall()
    return tuple(row)


def _make_coded_view(con: duckdb.DuckDBPyConnection, catalog: Catalog) -> None:
    """Create the view `coded` with customer keys and brand codes; -1 is an unknown brand."""
    codes = {brand_key(str(name)): code for code, name in enumerate(catalog.brands)}
    names = [name for (name,) in con.execute(f"SELECT DISTINCT {Col.BRAND} FROM summed").fetchall()]
    brand_codes = pa.array([codes.get(brand_key(name), -1) for name in names], pa.int32())
    con.register(
        "brand_map", pa.table({Col.BRAND: pa.array(names, pa.string()), _CODE: brand_codes})
    )
    con.execute(
        f"CREATE VIEW coded AS SELECT *, {KEY_SQL.format(Col.CUSTOMER)} AS {_KEY} "
        f"FROM summed JOIN brand_map USING ({Col.BRAND})"
    )


def _whole_customers(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Yield the ordered rows in similar chunks that never split the rows of a customer."""
    pending: list[pa.RecordBatch] = []
    for batch in batches:
        rows = pa.Table.from_batches([*pending, batch])
        last_start = pc.index(rows[Col.CUSTOMER], rows[Col.CUSTOMER][-1]).as_py()
        if last_start:
            yield rows.slice(0, last_start)
        pending = rows.slice(last_start).to_batches()
    if pending:
        yield pa.Table.from_batches(pending)


_EMPTY = pa.table(
    {
        Col.CUSTOMER: pa.array([], pa.string()),
        _KEY: pa.array([], pa.uint64()),
        _CODE: pa.array([], pa.int32()),
        **{name: pa.array([], pa.int64()) for name in _NUMBERS},
    }
)


def _customer_evidence(table: pa.Table, catalog: Catalog) -> CustomerEvidence:
    """Number the customers by key; build evidence from the brands that may be shown."""
    table = table.sort_by([(_KEY, "ascending"), (Col.CUSTOMER, "ascending")])
    ids = table[Col.CUSTOMER].cast(pa.large_string()).combine_chunks()
    starts = np.ones(len(ids), np.bool_)
    if len(ids):
        starts[1:] = pc.not_equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False)
    rows = {name: table[name].to_numpy() for name in (_KEY, _CODE, *_NUMBERS)}
    first = np.flatnonzero(starts)
    code = rows[_CODE]
    shown = (code >= 0) & ~np.append(catalog.brand_sensitive, True)[code]
    return CustomerEvidence(
        ids=ids.take(pa.array(first)),
        keys=rows[_KEY][first].astype(np.uint64),
        numbers=np.arange(len(first)),
        evidence=_to_evidence({"number": np.cumsum(starts) - 1, **rows}, shown),
    )


def _to_evidence(rows: Mapping[str, NDArray[Any]], shown: NDArray[np.bool_]) -> Evidence:
    if not shown.any():
        return empty_evidence()
    columns = {name: column[shown] for name, column in rows.items()}
    return evidence_from_counts(
        customer=columns["number"].astype(np.int64),
        brand=columns[_CODE].astype(np.int32),
        sums=np.stack([columns[name] for name in SUM_COLUMNS], axis=1).astype(np.int64),
        first=columns[FIRST].astype(np.uint32),
        last=columns[LAST].astype(np.uint32),
        distinct={mark: columns[name].astype(np.int64) for name, mark in DISTINCT_COUNTS.items()},
    )
