"""The stages of bench/scale.py, each run as `python bench/scale_stages.py STAGE FOLDER CUSTOMERS`.

A stage reads what the one before left in FOLDER and writes what it found into FOLDER/said.json.
"""

import json
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import planted
from scale_carousels import carousels
from scale_people import people

from app.modeling.evaluation import evaluate_offline
from app.modeling.training import fit_version, peak_megabytes
from app.modeling.training_data import policy_catalog
from app.storage.ingest.pipeline import ingest
from app.workspace.settings import Settings
from app.workspace.workspace import DEFAULT_BASELINE, Workspace
from recsys.dataset.event_aggregation import ItemFacts, aggregate_events
from recsys.models.hybrid_params import FitOptions


def size(folder: Path) -> int:
    """Return the bytes of all files of a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def generate(folder: Path, customers: int) -> dict[str, Any]:
    """Plant the shop's files."""
    events = planted.plant(folder / "shop", customers)
    return {"events": events, "brands": planted.BRANDS, "bytes": size(folder / "shop")}


def take_in(folder: Path, _: int) -> dict[str, Any]:
    """Ingest them."""
    shop, workspace = folder / "shop", folder / "ws"
    took: dict[str, float] = {}
    last = ["", time.perf_counter()]

    def tell(stage: str, _share: float) -> None:
        if stage != last[0]:
            now = time.perf_counter()
            took[str(last[0])] = round(now - float(last[1]), 1)
            last[:] = [stage, now]

    done = ingest(workspace, str(shop), replace=True, progress=tell)
    tell("", 1.0)
    return {
        "events": done.events,
        "customers": done.customers,
        "brands": done.brands,
        "bytes": size(workspace / "events"),
        "steps": {name: seconds for name, seconds in took.items() if name},
    }


def house(folder: Path) -> Workspace:
    """Open the workspace."""
    return Workspace(Settings(workspace=folder / "ws"))


def aggregate(folder: Path, _: int) -> dict[str, Any]:
    """Sum up everybody's events, chunk by chunk, and keep nothing."""
    with closing(house(folder)) as here:
        warehouse = here.event_store
        facts, pairs = ItemFacts.from_catalog(policy_catalog(warehouse, here.policy)), 0
        for numbers, rows in warehouse.scan():
            pairs += len(aggregate_events(rows, facts, warehouse.as_of, numbers))
        return {"events": warehouse.events, "pairs": pairs}


def fit(folder: Path, _: int) -> dict[str, Any]:
    """Refit as from the sidebar."""
    return _refit(folder, FitOptions())


def fit_everybody(folder: Path, _: int) -> dict[str, Any]:
    """Refit on all customers."""
    return _refit(folder, FitOptions(sample=1.0))


def _refit(folder: Path, options: FitOptions) -> dict[str, Any]:
    """Fit and save a version; say when each stage ended and the most memory held until then."""
    ends, peaks = dict[str, float](), dict[str, int]()

    def tell(stage: str, _share: float) -> None:
        ends[stage] = round(time.perf_counter() - started, 1)
        peaks[stage] = peak_megabytes()

    with closing(house(folder)) as here:
        started = time.perf_counter()
        made = fit_version(
            here.registry, here.event_store, here.policy, options, DEFAULT_BASELINE, tell
        )
        seconds = round(time.perf_counter() - started, 1)
    facts = {name: made.facts[name] for name in ("customers", "brands", "weighed", "balance")}
    ended = {"refit_seconds": seconds, "ends": ends, "peaks_mib": peaks}
    return {**ended, "version": made.hash, **facts}


def evaluate(folder: Path, _: int) -> dict[str, Any]:
    """Judge the model on the end of the log, which it has not seen."""
    with closing(house(folder)) as here:
        done = evaluate_offline(here.event_store, here.policy, FitOptions(), lambda *_: None)
    lines = {f"{line.task}, {line.ranker}": line.ndcg.value for line in done.lines}
    return {"asked": done.customers, "ndcg": {k: v and round(v, 4) for k, v in lines.items()}}


STAGES: dict[str, Callable[[Path, int], dict[str, Any]]] = {
    "generate": generate,
    "ingest": take_in,
    "aggregate": aggregate,
    "fit": fit,
    "evaluate": evaluate,
    "people": people,
    "carousels": carousels,
    "fit_everybody": fit_everybody,
}
IF_ASKED = ("fit_everybody",)
"""Run only where somebody names them."""


def main() -> None:
    """Run one stage."""
    stage, folder, customers = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    found = STAGES[stage](folder, customers)
    said = json.dumps(found, default=lambda value: np.asarray(value).tolist())
    (folder / "said.json").write_text(said, encoding="utf-8")


if __name__ == "__main__":
    main()
