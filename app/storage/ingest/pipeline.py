"""The import: event files in, a numbered segment of the store out, or nothing changed at all."""

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from app.storage.event_store import catalog, segment_writer
from app.storage.event_store.customer_ids import Customers, Ids, agreed, called, ids_of
from app.storage.event_store.segment import read_manifest
from app.storage.event_store.segment_writer import Progress
from app.storage.event_store.store import Warehouse
from app.storage.event_store.transaction import commit, copy_shop, engine, locked, room, unseen
from app.storage.ingest import deduplication, readers, validation
from app.storage.ingest.brands_file import keep_pictures, read_book
from app.storage.ingest.deduplication import Overlap
from app.storage.ingest.readers import Found, Loaded
from app.storage.ingest.rejects import write_rejects
from app.storage.ingest.schema_detection import plan
from app.storage.ingest.schema_mapping import Translator
from app.storage.ingest.validation import Judged
from app.storage.warehouse.schemas.base import Schema
from app.storage.warehouse.schemas.registry import AUTO
from recsys.dataset.events import EVENT_COLUMNS, Col
from recsys.errors import BadEventsError, UnknownNameError, WorkspaceError


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did."""

    rows: int  # lines read, the header apart
    events: int  # events added to the store
    customers: int  # customers with an event in these files
    brands: int  # brands in the store
    bad: Mapping[str, int]  # reason -> rows kept out
    doubles: int  # rows that repeated another one
    repeated: int  # rows that the store held already
    late: int  # events older than the newest that was in the store
    idle: int  # rows with quantity 0
    without_brand: float  # share of the added events
    examples: Sequence[str]  # first bad rows, with file and line
    rejects: Path | None
    notes: Sequence[str] = field(default_factory=tuple)  # sentences
    segment: str = ""
    planted: bool = False
    erased: int = 0  # customers left out, because they were taken out of the store before


@dataclass(slots=True)
class _Job:
    """One import under way."""

    workspace: Path
    con: duckdb.DuckDBPyConnection
    scratch: Path
    segment: Path  # its files while they are written
    found: Found
    schema: Schema | None  # None: our own columns
    sources: list[str]
    progress: Progress
    customers: Customers
    ids: Ids
    erased: frozenset[str]  # tombstones
    notes: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)  # what another schema says of no product


def ingest(
    workspace: Path,
    events: str,
    products: str | None = None,
    brands: str | None = None,
    pictures: str | None = None,
    rename: Mapping[str, str] | None = None,
    max_bad: float = 0.01,
    replace: bool = False,
    append: bool = False,
    schema: str = AUTO,
    progress: Progress | None = None,
    now: int | None = None,
    ids: Ids | None = None,
    customers: Customers | None = None,
) -> Imported:
    """Import event files into the workspace's store.

    `events` is a file, a folder or a glob; `rename` maps their columns to ours; `schema` is AUTO or
    the name of one of SCHEMAS; `append` asks for a store to add to; `now` (seconds since 1970) is
    what times are held against; `ids` says how customer ids are kept, None: as the store has them.
    Whoever was taken out of the store stays out, also of one that is begun anew. Raises
    BadEventsError, BadInputError, UnknownNameError or WorkspaceError with the earlier store as it
    was.
    """
    readers.check_rename(rename or {})
    found = readers.find(events)
    if products is not None:
        found = Found(found.events, readers.find(products).events, found.shop)
    reading = plan(found, schema, rename or {})
    with locked(workspace) as home, room(workspace):
        there = read_manifest(workspace)
        old = None if replace else there
        _ask_for_a_store(workspace, old, append)
        sources = unseen(reading.found.events, old)
        scratch = home / "import"
        (scratch / "segment").mkdir(parents=True)
        with engine(scratch) as con:
            job = _Job(
                workspace=workspace,
                con=con,
                scratch=scratch,
                segment=scratch / "segment",
                found=reading.found,
                schema=reading.schema,
                sources=sources,
                progress=progress or _silent,
                customers=customers or Customers(),
                ids=agreed(ids, ids_of(old), planted=found.shop is not None),
                erased=frozenset((there or {}).get("erased", ())),
            )
            return _run(job, old, brands, pictures, rename or {}, max_bad, now)


def _ask_for_a_store(workspace: Path, old: Mapping[str, Any] | None, append: bool) -> None:
    if append and old is None:
        raise WorkspaceError(
            f"There are no events in {workspace} to append to; leave out --append, or name another "
            "folder with --workspace."
        )


def _silent(stage: str, share: float) -> None:
    """Nobody watches."""
    del stage, share


def _run(
    job: _Job,
    old: dict[str, Any] | None,
    brands: str | None,
    pictures: str | None,
    rename: Mapping[str, str],
    max_bad: float,
    now: int | None,
) -> Imported:
    store = None if old is None else Warehouse(job.workspace, old)
    loaded = _load(job, rename)
    today = int(time.time()) if now is None else now
    judged = validation.judge(job.con, loaded, today, job.scratch)
    judged, gone = validation.leave_out(job.con, judged, job.customers, job.erased)
    hidden = job.ids is Ids.HASH or bool(job.erased)
    rejects, examples = write_rejects(
        job.con, loaded, judged, job.workspace, job.sources[0], hidden
    )
    _refuse(judged, max_bad, examples, rejects, job.left_out)
    book = read_book(brands)
    job.progress("coding brands and products", 0.0)
    catalog.code(job.con, None if store is None else store.catalogue, book, job.segment)
    keep_pictures(job.workspace, job.segment, book, pictures, job.notes)
    packed = _pack(job, judged, store, Col.TS in loaded.columns)
    name = _commit(job, old, packed, judged)
    _tell(job, judged)
    opened = Warehouse.open(job.workspace)
    return Imported(
        rows=judged.rows,
        events=packed.events,
        customers=packed.customers,
        brands=len(opened.catalogue.brands),
        bad=judged.bad,
        doubles=judged.good - packed.events - packed.met.repeated,
        repeated=packed.met.repeated,
        late=packed.met.late,
        idle=judged.idle,
        without_brand=packed.without_brand,
        examples=examples,
        rejects=rejects,
        notes=tuple(job.notes),
        segment=name,
        planted=opened.planted,
        erased=gone,
    )


def _load(job: _Job, rename: Mapping[str, str]) -> Loaded:
    job.progress("reading event files", 0.0)
    own = None if job.schema is None else Translator(job.con, job.schema, rename)
    columns, how = EVENT_COLUMNS, None if own is None else own.events
    loaded = readers.load(job.con, "events", job.found.events, columns, rename, job.scratch, how)
    columns, how = readers.PRODUCT_COLUMNS, None if own is None else own.products
    named = job.found.products
    shelf = readers.load(job.con, "products", named, columns, rename, job.scratch, how)
    known = loaded.theirs | shelf.theirs | (own.theirs if own else set())
    for theirs in rename.keys() - known:
        raise UnknownNameError("column of these files", theirs, known)
    validation.require(loaded, Col.BRAND in shelf.columns)
    job.left_out = own.notes() if own else []
    job.notes += [*job.left_out, *loaded.notes, *shelf.notes]
    job.notes += validation.costs(loaded.columns, shelf.columns)
    validation.shelve(job.con)
    return loaded


def _refuse(
    judged: Judged,
    max_bad: float,
    examples: Sequence[str],
    rejects: Path | None,
    left_out: Sequence[str],
) -> None:
    """Raise BadEventsError where too many rows are bad, or none is left."""
    bad = sum(judged.bad.values())
    why = "; ".join(f"{number:,} x {reason}" for reason, number in judged.bad.items())
    if bad > max_bad * judged.rows:
        raise BadEventsError(
            f"{bad:,} of {judged.rows:,} rows ({bad / judged.rows:.1%}) cannot be used, more than "
            f"the {max_bad:.1%} allowed: {why}. First: {examples[0]}. All are in {rejects}; "
            f"mend the file, or allow more with --max-bad."
        )
    if not judged.good:
        why = " ".join(("There is no event in these files; export them again.", *left_out))
        raise BadEventsError(why)


@dataclass(frozen=True, slots=True)
class _Packed:
    events: int
    customers: int
    known: int  # of them, already in the store
    without_brand: float
    met: Overlap


def _pack(job: _Job, judged: Judged, store: Warehouse | None, dated: bool) -> _Packed:
    job.progress("indexing customers", 0.0)
    segments = [] if store is None else store.segments
    theirs, ids, keys = called(job.con, job.customers, job.ids, segments)
    known = 0 if store is None else int(np.isin(keys, store.keys, assume_unique=True).sum())
    numbers = pa.array(np.arange(len(ids), dtype=np.uint32))
    codes = pa.table({"customer_id": theirs, "code": numbers})
    job.con.register("customers", codes)
    events, rows = job.con.sql(_EVENTS_SQL), segment_writer.BATCH_ROWS
    batches: pa.RecordBatchReader = events.to_arrow_reader(rows)
    kept = segment_writer.pack(batches, judged.good, len(ids), job.segment, dated, job.progress)
    segment_writer.write_index(job.segment, keys, ids)
    met = _overlap(job, judged, store, dated)
    (bare,) = job.con.execute(_BARE_SQL).fetchall()[0]
    kept -= met.repeated
    if not kept:
        known_all = f"All {met.repeated:,} events of these files are in the store already"
        raise BadEventsError(f"{known_all}; nothing was added.")
    return _Packed(kept, len(ids), known, bare / judged.good, met)


def _overlap(job: _Job, judged: Judged, store: Warehouse | None, dated: bool) -> Overlap:
    """Leave out what the store holds already; without times the same may have happened twice."""
    if store is None or not dated or judged.first > store.as_of:
        return Overlap()
    return deduplication.drop(job.segment, store.segments, store.as_of)


_EVENTS_SQL = """SELECT c.code AS customer, seq, item, g.ts, price, list_price, kind, quantity
FROM good g JOIN customers c ON c.customer_id = g.customer
JOIN item_map USING (product, brand, category)"""

_BARE_SQL = """SELECT coalesce(sum(n), 0)::BIGINT FROM resolved
JOIN brand_map ON text = brand_text WHERE code < 0"""


def _tell(job: _Job, judged: Judged) -> None:
    if judged.zoneless:
        job.notes.append(f"{judged.zoneless:,} times have no zone and were read as UTC.")
    if judged.idle:
        job.notes.append(f"{judged.idle:,} rows with quantity 0 were left out: nothing moved.")


def _commit(job: _Job, old: dict[str, Any] | None, packed: _Packed, judged: Judged) -> str:
    job.progress("putting the segment in place", 0.0)
    facts = {
        "sources": job.sources,
        "events": packed.events,
        "customers": packed.customers,
        "known": packed.known,
        "as_of": judged.last,
        "planted": job.found.shop is not None,
    }
    aside, shop = job.scratch / "planted", job.workspace / "planted"
    if job.found.shop is not None:
        copy_shop(job.found.shop, aside)
    customers = {"ids": job.ids.value, "erased": sorted(job.erased)}
    name = commit(job.workspace, job.segment, old, facts, customers)
    if old is None or aside.exists():
        shutil.rmtree(shop, ignore_errors=True)
    if aside.exists():
        aside.rename(shop)
    return name
