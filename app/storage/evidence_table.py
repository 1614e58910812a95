"""A table that a warehouse summed up, a row a customer and brand: read like a file, never stored.

Whose evidence it holds is known here only while a model is fitted or carousels are written.
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
_MAKE_HINT = "make it with brandswipe evidence"
IsErased = Callable[[str], bool]
"""Whether a customer was taken out of this shop's events."""


@dataclass(frozen=True, slots=True, eq=False)
class CustomerEvidence:
    """N customers, numbered, and what they did."""

    ids: pa.Array  # (N,)
    keys: CustomerKeys  # (N,) what arms are dealt by
    numbers: NDArray[np.int64]  # (N,) their numbers, ascending
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class EvidenceTable:
    """The files of one table."""

    files: tuple[Path, ...]
    digest: str  # of all bytes
    pairs: int
    customers: int
    as_of: int  # seconds since 1970: the day that it looks back from
    is_erased: IsErased | None = None

    @classmethod
    def open(cls, location: str, is_erased: IsErased | None = None) -> "EvidenceTable":
        """Look at every row once, but for those of customers who are gone.

        Raises BadEventsError for what is no such table.
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
                f"from 0: {_MAKE_HINT}, and export it whole."
            )
        if duplicates or first != last:
            raise BadEventsError(
                "These files hold more than one table of evidence, which cannot be added up: "
                f"{duplicates:,} customers and brands are there twice. Keep the newest alone."
            )
        digest = hashlib.sha256("".join(file_hash(file) for file in files).encode()).hexdigest()
        return cls(files, digest, pairs, customers, last, is_erased)

    def facts(self, catalog: Catalog) -> dict[str, Any]:
        """What a version that learnt from it says of it."""
        with _loaded_table(self.files, self.is_erased) as con:
            _make_coded_view(con, catalog)
            (unknown,) = _fetch_row(con, f"SELECT count(*) FROM coded WHERE {_CODE} < 0")
        return {
            "digest": self.digest,
            "pairs": self.pairs,
            "unknown": unknown,  # pairs whose brand no event or product of the store has
            "as_of": self.as_of,
        }

    def read_sample(self, catalog: Catalog, sample: float, seed: int) -> Iterator[Evidence]:
        """Yield the evidence of a sample of the customers, the same that `EventStore.scan` takes.

        Each of them is whole in one chunk. Brands that the catalogue does not know or hides leave
        none.
        """
        with _loaded_table(self.files, self.is_erased) as con:
            _make_coded_view(con, catalog)
            ranges = np.array(key_ranges(sample, seed), np.uint64)
            con.register("ranges", pa.table({"low": ranges[:, 0], "high": ranges[:, 1]}))
            inside = f"SEMI JOIN ranges ON {_KEY} >= low AND {_KEY} < high"
            rows = con.sql(
                f"SELECT {_READ_COLUMNS} FROM coded {inside} ORDER BY {_KEY}, {Col.CUSTOMER}"
            )
            for part in _whole_customers(rows.to_arrow_reader(CHUNK_ROWS)):
                yield _customer_evidence(part, catalog).evidence

    def write_parts(self, folder: Path, catalog: Catalog, parts: int) -> None:
        """Write each customer's rows into one of so many parts, by her key; whole or not at all."""
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
    """Return the customers of one part of a table that was cut."""
    files = sorted((folder / f"{_PART}={number}").glob("*.parquet"))
    tables = [pq.ParquetFile(file).read() for file in files]
    return _customer_evidence(pa.concat_tables(tables) if tables else _EMPTY, catalog)


@contextmanager
def _loaded_table(
    files: Sequence[Path], is_erased: IsErased | None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield an engine with the table as the view `summed`."""
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
    """Make the view `coded`: keys for customers, codes for brands, -1 for one nobody knows."""
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
    """Yield ordered rows in about the same parts, none of which ends amid a customer's."""
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
    """Number the customers of some rows by key, and sum up those of brands that may be known."""
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
