"""The import of event files as a numbered segment of the store; on failure nothing changes."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.storage.event_store import catalog
from app.storage.event_store.customer_ids import (
    CustomerIds,
    IdStorage,
    id_storage_of,
    resolve_id_storage,
)
from app.storage.event_store.segment import read_manifest
from app.storage.event_store.store import EventStore
from app.storage.event_store.transaction import (
    duckdb_engine,
    exclusive_store,
    explain_failures,
    hash_new_files,
)
from app.storage.ingest import readers, validation
from app.storage.ingest.brands_file import read_brands_file, store_pictures
from app.storage.ingest.new_segment import IngestRun, put_in_place, write_segment
from app.storage.ingest.readers import InputFiles, LoadedFiles
from app.storage.ingest.rejects import write_rejects
from app.storage.ingest.schema_detection import plan_reading
from app.storage.ingest.schema_mapping import SchemaMapper
from app.storage.ingest.validation import ValidationResult
from app.storage.warehouse.schemas.registry import AUTO
from recsys.dataset.events import EVENT_COLUMNS, Col
from recsys.errors import BadEventsError, UnknownNameError, WorkspaceError
from recsys.progress import ProgressCallback, WorkStage


@dataclass(frozen=True, slots=True)
class IngestResult:
    """Counts and notes of a finished import."""

    rows: int  # lines read, without the header
    events: int  # events added to the store
    customers: int  # customers with an event in these files
    brands: int  # brands in the store
    bad: Mapping[str, int]  # reason -> rows left out
    duplicates: int  # rows of these files that repeat another row
    already_stored: int  # rows that the store had already
    late: int  # new events, not later than the newest event in the earlier store
    zero_quantity: int  # rows with quantity 0
    without_brand: float  # share from 0 to 1 of the valid events
    examples: Sequence[str]  # the first bad rows: file, line and reason
    rejects: Path | None
    notes: Sequence[str] = field(default_factory=tuple)  # sentences
    segment: str = ""
    planted: bool = False
    erased: int = 0  # customers left out because they were erased from the store before


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
    progress: ProgressCallback | None = None,
    now: int | None = None,
    id_storage: IdStorage | None = None,
    customer_ids: CustomerIds | None = None,
) -> IngestResult:
    """Import event files into the workspace's store.

    `events` is a file, a folder or a glob. `rename` maps source columns to ours. `max_bad` is the
    largest allowed share (0 to 1) of bad rows. `replace` starts a new store; `append` requires an
    existing one. `schema` is AUTO or a name in SCHEMAS. Times more than a day after `now` (seconds
    since 1970) are bad. `id_storage` None keeps the store's way of keeping ids. Customers erased
    earlier stay out, even of a new store. Raises BadEventsError, BadInputError, UnknownNameError
    or WorkspaceError; the earlier store is then unchanged.
    """
    readers.check_rename(rename or {})
    files = readers.find_files(events)
    if products is not None:
        files = InputFiles(files.events, readers.find_files(products).events, files.shop)
    read_plan = plan_reading(files, schema, rename or {})
    with exclusive_store(workspace) as events_dir, explain_failures(workspace):
        manifest = read_manifest(workspace)
        old = None if replace else manifest
        _require_store(workspace, old, append)
        sources = hash_new_files(read_plan.files.events, old)
        scratch = events_dir / "import"
        (scratch / "segment").mkdir(parents=True)
        with duckdb_engine(scratch) as con:
            run = IngestRun(
                workspace=workspace,
                con=con,
                scratch=scratch,
                segment=scratch / "segment",
                files=read_plan.files,
                schema=read_plan.schema,
                sources=sources,
                progress=progress or _ignore_progress,
                customer_ids=customer_ids or CustomerIds(),
                id_storage=resolve_id_storage(
                    id_storage, id_storage_of(old), is_planted=files.shop is not None
                ),
                tombstones=frozenset((manifest or {}).get("erased", ())),
            )
            return _import_files(run, old, brands, pictures, rename or {}, max_bad, now)


def _require_store(workspace: Path, old: Mapping[str, Any] | None, append: bool) -> None:
    if append and old is None:
        raise WorkspaceError(
            f"There are no events in {workspace} to append to; leave out --append, or name another "
            "folder with --workspace."
        )


def _ignore_progress(stage: str, share: float) -> None:
    """Ignore progress: the default where no callback is given."""
    del stage, share


def _import_files(
    run: IngestRun,
    old: dict[str, Any] | None,
    brands: str | None,
    pictures: str | None,
    rename: Mapping[str, str],
    max_bad: float,
    now: int | None,
) -> IngestResult:
    event_store = None if old is None else EventStore(run.workspace, old)
    loaded = _load_files(run, rename)
    today = int(time.time()) if now is None else now
    validated = validation.validate_events(run.con, loaded, today, run.scratch)
    validated, erased_count = validation.drop_erased(
        run.con, validated, run.customer_ids, run.tombstones
    )
    hide_rows = run.id_storage is IdStorage.HASH or bool(run.tombstones)
    rejects, examples = write_rejects(
        run.con, loaded, validated, run.workspace, run.sources[0], hide_rows
    )
    _check_bad_share(validated, max_bad, examples, rejects, run.mapping_notes)
    brands_file = read_brands_file(brands)
    run.progress(WorkStage.CODING_BRANDS, 0.0)
    catalog.assign_codes(
        run.con, None if event_store is None else event_store.catalog, brands_file, run.segment
    )
    store_pictures(run.workspace, run.segment, brands_file, pictures, run.notes)
    written = write_segment(run, validated, event_store, Col.TS in loaded.columns)
    name = put_in_place(run, old, written, validated)
    _add_notes(run, validated)
    updated_store = EventStore.open(run.workspace)
    return IngestResult(
        rows=validated.rows,
        events=written.events,
        customers=written.customers,
        brands=len(updated_store.catalog.brands),
        bad=validated.bad,
        duplicates=validated.valid - written.events - written.met.repeated,
        already_stored=written.met.repeated,
        late=written.met.late,
        zero_quantity=validated.zero_quantity,
        without_brand=written.without_brand,
        examples=examples,
        rejects=rejects,
        notes=tuple(run.notes),
        segment=name,
        planted=updated_store.planted,
        erased=erased_count,
    )


def _load_files(run: IngestRun, rename: Mapping[str, str]) -> LoadedFiles:
    run.progress(WorkStage.READING_FILES, 0.0)
    mapper = None if run.schema is None else SchemaMapper(run.con, run.schema, rename)
    columns, mapping = EVENT_COLUMNS, None if mapper is None else mapper.events
    loaded = readers.load_files(
        run.con, "events", run.files.events, columns, rename, run.scratch, mapping
    )
    columns, mapping = readers.PRODUCT_COLUMNS, None if mapper is None else mapper.products
    product_files = run.files.products
    loaded_products = readers.load_files(
        run.con, "products", product_files, columns, rename, run.scratch, mapping
    )
    known_columns = (
        loaded.source_columns
        | loaded_products.source_columns
        | (mapper.source_columns if mapper else set())
    )
    for source_column in rename.keys() - known_columns:
        raise UnknownNameError("column of these files", source_column, known_columns)
    validation.require_columns(loaded, Col.BRAND in loaded_products.columns)
    run.mapping_notes = mapper.notes() if mapper else []
    run.notes += [*run.mapping_notes, *loaded.notes, *loaded_products.notes]
    run.notes += validation.missing_column_notes(loaded.columns, loaded_products.columns)
    validation.make_product_table(run.con)
    return loaded


def _check_bad_share(
    validated: ValidationResult,
    max_bad: float,
    examples: Sequence[str],
    rejects: Path | None,
    mapping_notes: Sequence[str],
) -> None:
    """Raise BadEventsError if too many rows are bad or no row is valid."""
    n_bad = sum(validated.bad.values())
    reasons = "; ".join(f"{number:,} x {reason}" for reason, number in validated.bad.items())
    if n_bad > max_bad * validated.rows:
        raise BadEventsError(
            f"{n_bad:,} of {validated.rows:,} rows ({n_bad / validated.rows:.1%}) cannot be "
            "used, more than "
            f"the {max_bad:.1%} allowed: {reasons}. First: {examples[0]}. All are in {rejects}; "
            f"mend the file, or allow more with --max-bad."
        )
    if not validated.valid:
        reasons = " ".join(("There is no event in these files; export them again.", *mapping_notes))
        raise BadEventsError(reasons)


def _add_notes(run: IngestRun, validated: ValidationResult) -> None:
    if validated.zoneless:
        run.notes.append(f"{validated.zoneless:,} times have no zone and were read as UTC.")
    if validated.zero_quantity:
        run.notes.append(
            f"{validated.zero_quantity:,} rows with quantity 0 were left out: nothing moved."
        )
