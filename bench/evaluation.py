"""Is the model level with the best of its rivals on a real log?

Run: python bench/evaluation.py NAME EVENTS [PRODUCTS]. Imports the log into a workspace of its own,
lets the model choose its weights and judges it against its rivals on the log's held-out end.
Writes bench/results/evaluation_NAME.json and prints the table of bench/README.md.
"""

import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from importlib.metadata import version
from pathlib import Path

from app.modeling.evaluation import OfflineEvaluation, evaluate_offline
from app.storage.ingest.pipeline import ingest
from app.workspace.settings import Settings
from app.workspace.workspace import Workspace
from recsys.evaluation.metrics import TASKS
from recsys.evaluation.offline import RankerMetrics, best_baseline
from recsys.models.hybrid import FitOptions
from recsys.stats import Estimate

RESULTS = Path(__file__).parent / "results"


def evaluated(
    workspace: Path, events: str, products: str | None
) -> tuple[OfflineEvaluation, Workspace]:
    """Import the log and judge everybody."""
    ingest(workspace, events, products=products)
    house = Workspace(Settings(workspace=workspace))
    return evaluate_offline(house.event_store, house.policy, FitOptions(), lambda *_: None), house


def told(found: Estimate) -> str:
    """An estimate with its interval."""
    if found.value is None:
        return found.reason or "unknown"
    return f"{found.value:.4f} ({found.low:.4f} to {found.high:.4f})"


def row(line: RankerMetrics) -> str:
    """One line of the table."""
    parts = line.task, line.ranker, told(line.recall), told(line.ndcg), told(line.ndcg_ahead)
    return f"| {' | '.join(parts)} |"


def table(lines: Sequence[RankerMetrics]) -> str:
    """Everybody at both tasks."""
    head = [
        "| task | ranker | recall@10 | NDCG@10 | the model is ahead by |",
        "|---|---|--:|--:|--:|",
    ]
    return "\n".join([*head, *map(row, lines)])


def main(name: str, events: str, products: str | None = None) -> None:
    """Judge, print and write down."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        done, house = evaluated(Path(scratch), events, products)
        result = {
            "date": date.today().isoformat(),
            "machine": f"{os.cpu_count()} processors, {platform.machine()}",
            "load": round(os.getloadavg()[0], 1),
            "versions": {each: version(each) for each in ("brandswipe", "implicit", "numpy")},
            "seconds": round(time.perf_counter() - began, 1),
            "customers": house.event_store.customers,
            "events": house.event_store.events,
            "brands": len(house.event_store.catalog.brands),
            "asked": done.customers,
            "dated": done.dated,
            "blend": asdict(done.blend),
            "best_rival": {task: best_baseline(done.lines, task).ranker for task in TASKS},
            "lines": [asdict(line) for line in done.lines],
        }
        house.close()
    text = json.dumps(result, indent=1) + "\n"
    (RESULTS / f"evaluation_{name}.json").write_text(text, encoding="utf-8")
    print(table(done.lines))


if __name__ == "__main__":
    main(*sys.argv[1:])
