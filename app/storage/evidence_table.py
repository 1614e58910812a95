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

from app.storage.event_store.duckdb_sql import literal
from app.storage.event_store.segment import KEY_SQL, KEYS, Keys, hash_of
from app.storage.event_store.store import CHUNK_ROWS, sampled
from app.storage.event_store.transaction import engine
from app.storage.ingest import readers
from app.storage.warehouse.evidence_sql import AS_OF, COLUMNS, COUNTED, FIRST, LAST, SUMS
from recsys.dataset.brand_names import brand_key
from recsys.dataset.catalog import Catalogue
from recsys.dataset.events import Col
from recsys.dataset.evidence import Evidence, counted, no_evidence
from recsys.errors import BadEventsError

_KEY, _CODE, _PART = "key", "code", "part"
_NUMBERS = (AS_OF, FIRST, LAST, *SUMS, *COUNTED)
_READ = f"{Col.CUSTOMER}, {_KEY}, {_CODE}, {', '.join(_NUMBERS)}"
_MADE = "make it with brandswipe evidence"
Gone = Callable[[str], bool]
"""Whether a customer was taken out of this shop's events."""


@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """N customers, numbered, and what they did."""

    ids: pa.Array  # (N,)
    keys: Keys  # (N,) what arms are dealt by
    whose: NDArray[np.int64]  # (N,) their numbers, ascending
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class EvidenceTable:
    """The files of one table."""

    files: tuple[Path, ...]
    digest: str  # of all bytes
    pairs: int
    customers: int
    as_of: int  # seconds since 1970: the day that it looks back from
    gone: Gone | None = None

    @classmethod
    def open(cls, where: str, gone: Gone | None = None) -> "EvidenceTable":
        """Look at every row once, but for those of customers who are gone.

        Raises BadEventsError for what is no such table.
        """
        files = readers.find(where).events
        with _loaded(files, gone) as con:
            pairs, customers, first, last, bad = _row(con, _LOOK)
            (twice,) = _row(con, _TWICE)
        if not pairs:
            raise BadEventsError("There is no row in this table of evidence; export it again.")
        if bad or first is None:
            raise BadEventsError(
                f"{bad:,} of {pairs:,} rows of evidence lack a customer, a brand or a whole number "
                f"from 0: {_MADE}, and export it whole."
            )
        if twice or first != last:
            raise BadEventsError(
                "These files hold more than one table of evidence, which cannot be added up: "
                f"{twice:,} customers and brands are there twice. Keep the newest alone."
            )
        digest = hashlib.sha256("".join(hash_of(file) for file in files).encode()).hexdigest()
        return cls(files, digest, pairs, customers, last, gone)

    def facts(self, catalogue: Catalogue) -> dict[str, Any]:
        """What a version that learnt from it says of it."""
        with _loaded(self.files, self.gone) as con:
            _code(con, catalogue)
            (unknown,) = _row(con, f"SELECT count(*) FROM coded WHERE {_CODE} < 0")
        return {
            "digest": self.digest,
            "pairs": self.pairs,
            "unknown": unknown,  # pairs whose brand no event or product of the store has
            "as_of": self.as_of,
        }

    def read(self, catalogue: Catalogue, sample: float, seed: int) -> Iterator[Evidence]:
        """Yield the evidence of a sample of the customers, the same that `Warehouse.scan` takes.

        Each of them is whole in one chunk. Brands that the catalogue does not know or hides leave
        none.
        """
        with _loaded(self.files, self.gone) as con:
            _code(con, catalogue)
            ranges = np.array(sampled(sample, seed), np.uint64)
            con.register("ranges", pa.table({"low": ranges[:, 0], "high": ranges[:, 1]}))
            inside = f"SEMI JOIN ranges ON {_KEY} >= low AND {_KEY} < high"
            rows = con.sql(f"SELECT {_READ} FROM coded {inside} ORDER BY {_KEY}, {Col.CUSTOMER}")
            for part in _whole_customers(rows.to_arrow_reader(CHUNK_ROWS)):
                yield _crowd(part, catalogue).evidence

    def cut(self, into: Path, catalogue: Catalogue, parts: int) -> None:
        """Write each customer's rows into one of so many parts, by her key; whole or not at all."""
        aside = into.with_suffix(".cutting")
        shutil.rmtree(aside, ignore_errors=True)
        part = f"least({parts - 1}, {_KEY} // {KEYS // parts})"
        with _loaded(self.files, self.gone) as con:
            _code(con, catalogue)
            con.execute(
                f"COPY (SELECT {_READ}, {part} AS {_PART} FROM coded) TO {literal(str(aside))} "
                f"(FORMAT parquet, PARTITION_BY ({_PART}))"
            )
        aside.rename(into)


def part_of_table(cut: Path, number: int, catalogue: Catalogue) -> Crowd:
    """Return the customers of one part of a table that was cut."""
    files = sorted((cut / f"{_PART}={number}").glob("*.parquet"))
    tables = [pq.ParquetFile(file).read() for file in files]
    return _crowd(pa.concat_tables(tables) if tables else _EMPTY, catalogue)


@contextmanager
def _loaded(files: Sequence[Path], gone: Gone | None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield an engine with the table as the view `summed`."""
    with TemporaryDirectory() as folder, engine(Path(folder)) as con:
        loaded = readers.load(con, "texts", files, COLUMNS, {}, Path(folder))
        lacks = [name for name in COLUMNS if name not in loaded.columns]
        if lacks:
            raise BadEventsError(f"This is no table of evidence, it lacks {lacks[0]}: {_MADE}.")
        picks = ", ".join(f"TRY_CAST({name} AS BIGINT) AS {name}" for name in _NUMBERS)
        con.execute(
            f"CREATE VIEW summed AS SELECT {Col.CUSTOMER}, {Col.BRAND}, {picks} FROM texts "
            f"{_without(con, gone)}"
        )
        yield con


def _without(con: duckdb.DuckDBPyConnection, gone: Gone | None) -> str:
    if gone is None:
        return ""
    everybody = con.execute(f"SELECT DISTINCT {Col.CUSTOMER} FROM texts WHERE {_NAMED}").fetchall()
    left = [who for (who,) in everybody if gone(who)]
    con.register("gone", pa.table({Col.CUSTOMER: pa.array(left, pa.string())}))
    return f"ANTI JOIN gone USING ({Col.CUSTOMER})"


_NAMED = f"{Col.CUSTOMER} IS NOT NULL"
_FAULTS = " OR ".join(
    [*(f"{name} IS NULL" for name in COLUMNS), *(f"{name} < 0" for name in _NUMBERS)]
)
_LOOK = f"""SELECT count(*), count(DISTINCT {Col.CUSTOMER}), min({AS_OF}), max({AS_OF}),
count(*) FILTER ({_FAULTS}) FROM summed"""
_TWICE = f"""SELECT count(*) FROM
(SELECT 1 FROM summed GROUP BY {Col.CUSTOMER}, {Col.BRAND} HAVING count(*) > 1)"""


def _row(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[int, ...]:
    (row,) = con.execute(sql).fetchall()
    return tuple(row)


def _code(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    """Make the view `coded`: keys for customers, codes for brands, -1 for one nobody knows."""
    codes = {brand_key(str(name)): code for code, name in enumerate(catalogue.brands)}
    names = [name for (name,) in con.execute(f"SELECT DISTINCT {Col.BRAND} FROM summed").fetchall()]
    found = pa.array([codes.get(brand_key(name), -1) for name in names], pa.int32())
    con.register("brand_map", pa.table({Col.BRAND: pa.array(names, pa.string()), _CODE: found}))
    con.execute(
        f"CREATE VIEW coded AS SELECT *, {KEY_SQL.format(Col.CUSTOMER)} AS {_KEY} "
        f"FROM summed JOIN brand_map USING ({Col.BRAND})"
    )


def _whole_customers(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Yield ordered rows in about the same parts, none of which ends amid a customer's."""
    left: list[pa.RecordBatch] = []
    for batch in batches:
        held = pa.Table.from_batches([*left, batch])
        last = pc.index(held[Col.CUSTOMER], held[Col.CUSTOMER][-1]).as_py()
        if last:
            yield held.slice(0, last)
        left = held.slice(last).to_batches()
    if left:
        yield pa.Table.from_batches(left)


_EMPTY = pa.table(
    {
        Col.CUSTOMER: pa.array([], pa.string()),
        _KEY: pa.array([], pa.uint64()),
        _CODE: pa.array([], pa.int32()),
        **{name: pa.array([], pa.int64()) for name in _NUMBERS},
    }
)


def _crowd(table: pa.Table, catalogue: Catalogue) -> Crowd:
    """Number the customers of some rows by key, and sum up those of brands that may be known."""
    table = table.sort_by([(_KEY, "ascending"), (Col.CUSTOMER, "ascending")])
    ids = table[Col.CUSTOMER].cast(pa.large_string()).combine_chunks()
    starts = np.ones(len(ids), np.bool_)
    if len(ids):
        starts[1:] = pc.not_equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False)
    rows = {name: table[name].to_numpy() for name in (_KEY, _CODE, *_NUMBERS)}
    first = np.flatnonzero(starts)
    code = rows[_CODE]
    shown = (code >= 0) & ~np.append(catalogue.brand_sensitive, True)[code]
    return Crowd(
        ids=ids.take(pa.array(first)),
        keys=rows[_KEY][first].astype(np.uint64),
        whose=np.arange(len(first)),
        evidence=_evidence({"number": np.cumsum(starts) - 1, **rows}, shown),
    )


def _evidence(rows: Mapping[str, NDArray[Any]], shown: NDArray[np.bool_]) -> Evidence:
    if not shown.any():
        return no_evidence()
    held = {name: column[shown] for name, column in rows.items()}
    return counted(
        customer=held["number"].astype(np.int64),
        brand=held[_CODE].astype(np.int32),
        sums=np.stack([held[name] for name in SUMS], axis=1).astype(np.int64),
        first=held[FIRST].astype(np.uint32),
        last=held[LAST].astype(np.uint32),
        distinct={mark: held[name].astype(np.int64) for name, mark in COUNTED.items()},
    )
