"""Batch export of all customers' brand lists to Parquet parts, each written atomically.

An interrupted run can be resumed: finished parts stay. A part depends only on the events, the
model and the arms of the A/B test.
"""

import json
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

from app.modeling.batch_part import (
    EVIDENCE_PARTS,
    ExportSpec,
    PartWriter,
    order_to_row,
    part_path,
    write_atomically,
)
from app.storage.evidence_table import EvidenceTable
from app.workspace.settings import Settings
from app.workspace.workspace import Workspace
from recsys.errors import BadInputError
from recsys.progress import ProgressCallback, WorkStage

EXPORT_INFO_FILE = "carousels.json"


def export_lists(
    workspace: Workspace,
    spec: ExportSpec,
    out: Path,
    workers: int,
    progress: ProgressCallback,
    evidence_table: EvidenceTable | None = None,
) -> int:
    """Write the missing parts; return the number of customers with lists or an arm.

    The customers are those of the event store, or those of `evidence_table` if one is given. Raises
    BadInputError if `out` holds another export or other files.
    """
    customers = (
        workspace.event_store.customers if evidence_table is None else evidence_table.customers
    )
    n_parts = -(-customers // spec.part)
    _claim_folder(
        out, order_to_row(spec) | {"events": workspace.event_store.version, "customers": customers}
    )
    missing = [number for number in range(n_parts) if not part_path(out, number).exists()]
    if missing and evidence_table is not None and not (out / EVIDENCE_PARTS).exists():
        progress(WorkStage.CUTTING_EVIDENCE, 0.0)
        evidence_table.write_parts(out / EVIDENCE_PARTS, workspace.event_store.catalog, n_parts)
    finished = (
        _write_here(workspace, spec, out, missing)
        if workers == 1 or len(missing) < 2
        else _write_in_processes(workspace.settings, spec, out, missing, workers)
    )
    for count, _ in enumerate(finished, start=1):
        progress(WorkStage.LISTING_BRANDS, (n_parts - len(missing) + count) / n_parts)
    shutil.rmtree(out / EVIDENCE_PARTS, ignore_errors=True)
    return customers


def _claim_folder(out: Path, info: Mapping[str, Any]) -> None:
    """Claim the folder for this export, so that it never holds parts of two different exports."""
    info_file = out / EXPORT_INFO_FILE
    text = json.dumps(info, indent=1, sort_keys=True, ensure_ascii=False)
    if info_file.is_file():
        if info_file.read_text(encoding="utf-8") != text:
            raise BadInputError(
                f"{out} holds an export of other events, another model or other arms: "
                "name another folder with --out."
            )
    elif out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInputError(f"{out} is there already: name another folder with --out.")
    else:
        out.mkdir(parents=True, exist_ok=True)
        write_atomically(info_file, lambda aside: aside.write_text(text, encoding="utf-8"))
    for aside in out.glob(".*.new"):
        aside.unlink()


def _write_here(
    workspace: Workspace, spec: ExportSpec, out: Path, numbers: list[int]
) -> Iterator[int]:
    """Write the parts in this process; yield the number of each finished part."""
    if numbers:
        yield from map(PartWriter.of(workspace, spec, out).write, numbers)


def _write_in_processes(
    settings: Settings, spec: ExportSpec, out: Path, numbers: list[int], workers: int
) -> Iterator[int]:
    """Write the parts in parallel worker processes; yield the number of each finished part."""
    init_args = (settings, spec, out)
    with ProcessPoolExecutor(workers, get_context("spawn"), _init_worker, init_args) as pool:
        tasks = [pool.submit(_write_part, part) for part in numbers]
        try:
            for task in as_completed(tasks):
                yield task.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


_WORKER_WRITERS: "list[PartWriter]" = []  # one per worker process


def _init_worker(settings: Settings, spec: ExportSpec, out: Path) -> None:
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    Finalize(None, os._exit, (0,), exitpriority=0)  # else DuckDB reports leaked objects at exit
    _WORKER_WRITERS.append(PartWriter.of(Workspace(settings), spec, out))


def _exit_with_parent() -> None:
    """Wait for the end of the parent process, for whatever reason, then exit."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _write_part(number: int) -> int:
    return _WORKER_WRITERS[0].write(number)
