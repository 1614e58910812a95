"""The stage `carousels` of bench/scale.py: everybody's top 10, beside implicit's own batch.

Ours is measured twice: from the store's events to Parquet, by as many processes as there are
processors, and the ranking alone, by one, of customers whose evidence is summed up already. Beside
the latter stands what `AlternatingLeastSquares.recommend` takes for the same customers and brands
by one thread: it folds them in as well, but knows no own evidence, EASE, popularity or reasons.
"""

import os
import shutil
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from app.modeling.batch_export import write_all
from app.modeling.batch_part import Order
from app.modeling.recommender import load_brain
from app.workspace.settings import Settings
from app.workspace.workspace import House
from recsys.dataset.aggregation import summarise
from recsys.dataset.interactions import Lesson
from recsys.models.batch import Batch

ASKED, TIMES = 20_000, 3


def carousels(folder: Path, _: int) -> dict[str, Any]:
    """Write everybody's lists, then compare the ranking alone."""
    out = folder / "carousels"
    shutil.rmtree(out, ignore_errors=True)
    with closing(House(Settings(workspace=folder / "ws"))) as house:
        alone = _ranking(house)
        order = Order(house.version().hash, house.policy.to_dict(), 10)
        started = time.perf_counter()
        customers = write_all(house, order, out, os.cpu_count() or 1, lambda *_: None)
        seconds = time.perf_counter() - started
    size = sum(file.stat().st_size for file in out.iterdir())
    shutil.rmtree(out)
    return {
        "written_seconds": round(seconds, 1),
        "written_customers_a_second": round(customers / seconds),
        "bytes": size,
        **alone,
    }


def _ranking(house: House) -> dict[str, Any]:
    """Customers a second by one thread, ours and implicit's, in turns."""
    brain = load_brain(house)
    model, last = brain.model, min(ASKED, house.warehouse.customers)
    numbers, rows = house.warehouse.stretch(0, last)
    evidence = summarise(rows, brain.facts, house.warehouse.as_of, numbers)
    whose = np.unique(evidence.customer)
    lesson = Lesson.of([evidence], len(model.basis.brands))
    liked = lesson.matrix(lesson.loved / model.unit)
    batch, als, asked = Batch(model), model.factors.als, np.arange(liked.shape[0])
    ours, theirs = [], []
    for _ in range(TIMES):
        started = time.process_time()
        batch.lists(whose, evidence, 10)
        ours.append(time.process_time() - started)
        started = time.process_time()
        als.recommend(asked, liked, N=10, filter_already_liked_items=False, recalculate_user=True)
        theirs.append(time.process_time() - started)
    return {
        "asked": len(whose),
        "ours_a_cpu_second": round(len(whose) / min(ours)),
        "implicit_a_cpu_second": round(len(whose) / min(theirs)),
    }
