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

from app.modeling.batch_export import export_lists
from app.modeling.batch_part import ExportSpec
from app.modeling.recommender import load_recommender
from app.workspace.settings import Settings
from app.workspace.workspace import Workspace
from recsys.dataset.event_aggregation import aggregate_events
from recsys.dataset.interactions import Interactions
from recsys.models.batch import HybridBatchRanker

ASKED, TIMES = 20_000, 3


def carousels(folder: Path, _: int) -> dict[str, Any]:
    """Write everybody's lists, then compare the ranking alone."""
    out = folder / "carousels"
    shutil.rmtree(out, ignore_errors=True)
    with closing(Workspace(Settings(workspace=folder / "ws"))) as house:
        alone = _ranking(house)
        order = ExportSpec(house.version().hash, house.policy.to_dict(), 10)
        started = time.perf_counter()
        customers = export_lists(house, order, out, os.cpu_count() or 1, lambda *_: None)
        seconds = time.perf_counter() - started
    size = sum(file.stat().st_size for file in out.iterdir())
    shutil.rmtree(out)
    return {
        "written_seconds": round(seconds, 1),
        "written_customers_a_second": round(customers / seconds),
        "bytes": size,
        **alone,
    }


def _ranking(house: Workspace) -> dict[str, Any]:
    """Customers a second by one thread, ours and implicit's, in turns."""
    brain = load_recommender(house)
    model, last = brain.model, min(ASKED, house.event_store.customers)
    numbers, rows = house.event_store.events_between(0, last)
    evidence = aggregate_events(rows, brain.item_facts, house.event_store.as_of, numbers)
    whose = np.unique(evidence.customer)
    lesson = Interactions.from_evidence([evidence], len(model.brand_index.brands))
    liked = lesson.matrix(lesson.preference / model.mean_preference)
    batch, als, asked = HybridBatchRanker(model), model.als.als, np.arange(liked.shape[0])
    ours, theirs = [], []
    for _ in range(TIMES):
        started = time.process_time()
        batch.rank_many(whose, evidence, 10)
        ours.append(time.process_time() - started)
        started = time.process_time()
        als.recommend(asked, liked, N=10, filter_already_liked_items=False, recalculate_user=True)
        theirs.append(time.process_time() - started)
    return {
        "asked": len(whose),
        "ours_a_cpu_second": round(len(whose) / min(ours)),
        "implicit_a_cpu_second": round(len(whose) / min(theirs)),
    }
