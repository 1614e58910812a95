"""Everybody's brands as Parquet: one part for some thousand customers, written whole or not at all.

A run that was stopped goes on where it was: parts that are there stay, and a part depends on the
events, the model and the arms alone.
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

from app.modeling.batch_part import CUT, Order, Writer, order_to_row, part_of, put
from app.storage.evidence_table import EvidenceTable
from app.workspace.settings import Settings
from app.workspace.workspace import House
from recsys.errors import BadInputError
from recsys.models.collaborative import Progress

NOTE = "carousels.json"


def write_all(
    house: House,
    order: Order,
    out: Path,
    workers: int,
    progress: Progress,
    table: EvidenceTable | None = None,
) -> int:
    """Write what is not there yet; return how many customers have lists or an arm.

    They are those of the events, or of a `table` that the order names. Raises BadInputError where
    `out` holds something else.
    """
    customers = house.warehouse.customers if table is None else table.customers
    parts = -(-customers // order.part)
    _claim(out, order_to_row(order) | {"events": house.warehouse.version, "customers": customers})
    left = [number for number in range(parts) if not part_of(out, number).exists()]
    if left and table is not None and not (out / CUT).exists():
        progress("cutting the table of evidence", 0.0)
        table.cut(out / CUT, house.warehouse.catalogue, parts)
    written = (
        _alone(house, order, out, left)
        if workers == 1 or len(left) < 2
        else _together(house.settings, order, out, left, workers)
    )
    for done, _ in enumerate(written, start=1):
        progress("listing everybody's brands", (parts - len(left) + done) / parts)
    shutil.rmtree(out / CUT, ignore_errors=True)
    return customers


def _claim(out: Path, said: Mapping[str, Any]) -> None:
    """Make the folder ours, or see that it is: parts of two orders must never lie together."""
    note = out / NOTE
    text = json.dumps(said, indent=1, sort_keys=True, ensure_ascii=False)
    if note.is_file():
        if note.read_text(encoding="utf-8") != text:
            raise BadInputError(
                f"{out} holds carousels of other events, another model or other arms: "
                "name another folder with --out."
            )
    elif out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInputError(f"{out} is there already: name another folder with --out.")
    else:
        out.mkdir(parents=True, exist_ok=True)
        put(note, lambda aside: aside.write_text(text, encoding="utf-8"))
    for aside in out.glob(".*.new"):
        aside.unlink()


def _alone(house: House, order: Order, out: Path, left: list[int]) -> Iterator[int]:
    """Yield each part's number when it is there; this process writes it."""
    if left:
        yield from map(Writer.of(house, order, out).write, left)


def _together(
    settings: Settings, order: Order, out: Path, left: list[int], workers: int
) -> Iterator[int]:
    """The same by processes side by side."""
    told = (settings, order, out)
    with ProcessPoolExecutor(workers, get_context("spawn"), _wake, told) as pool:
        tasks = [pool.submit(_write, part) for part in left]
        try:
            for task in as_completed(tasks):
                yield task.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


_AWAKE: "list[Writer]" = []  # of a worker process: one


def _wake(settings: Settings, order: Order, out: Path) -> None:
    threading.Thread(target=_follow, daemon=True).start()
    Finalize(None, os._exit, (0,), exitpriority=0)  # else DuckDB lists what it leaves behind
    _AWAKE.append(Writer.of(House(settings), order, out))


def _follow() -> None:
    """Go where whoever started this process has gone, however she went."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _write(number: int) -> int:
    return _AWAKE[0].write(number)
