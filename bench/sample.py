"""How many customers must a model learn from?

Run: python bench/sample.py WORKSPACE [CUSTOMERS ...], with events in it. Writes
bench/results/sample.json. Learns from everybody and from samples of so many customers (twice as
many as a fit takes by itself, as many, and a third), three seeds each, weights chosen anew every
time, and asks all models about the same customers at the end of the log, which none has seen. The
loss against everybody is told in per cent of NDCG@10 with its paired 95% interval: over customers,
by the percentile bootstrap, of the three seeds' mean.
"""

import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.modeling.split import HoldoutTask, TemporalSplit
from app.modeling.training import tune_and_fit
from app.modeling.training_data import policy_catalog
from app.workspace.settings import Settings
from app.workspace.workspace import Workspace
from recsys.evaluation.metrics import TASKS, EvalUser, K, ndcg
from recsys.models.hybrid import DEFAULT_SAMPLE_SIZE, FitOptions, HybridModel

SIZES = (2 * DEFAULT_SAMPLE_SIZE, DEFAULT_SAMPLE_SIZE, DEFAULT_SAMPLE_SIZE // 3)
SEEDS, CASES = (1, 2, 3), 20_000
RESULT = Path(__file__).parent / "results" / "sample.json"
Found = dict[str, NDArray[np.float64]]
"""Task -> NDCG@10 of each customer who was asked."""


def found(model: HybridModel, cases: Sequence[EvalUser]) -> Found:
    """Ask a model about everybody."""
    values: dict[str, list[float]] = {task: [] for task in TASKS}
    for case in cases:
        for task in TASKS:
            if wanted := case.relevant(task):
                ten = model.names(case.evidence, K, case.known_brands if task == "new" else ())
                values[task].append(ndcg(ten, wanted))
    return {task: np.array(each) for task, each in values.items()}


def loss(some: NDArray[np.float64], everybody: NDArray[np.float64]) -> dict[str, float]:
    """How far a sample's model is ahead, in per cent of everybody's, and its 95% interval."""
    rng, n = np.random.default_rng(0), len(some)
    weights = rng.multinomial(n, np.full(n, 1 / n), size=2_000) / n
    drawn = 100 * (weights @ some / (weights @ everybody) - 1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    ahead = 100 * (some.mean() / everybody.mean() - 1)
    return {"ahead": round(ahead, 2), "low": round(float(low), 2), "high": round(float(high), 2)}


def learnt(
    house: Workspace, start: TemporalSplit, share: float, seed: int, cases: Sequence[EvalUser]
) -> tuple[Found, float]:
    """What a model of this sample finds, and in how many seconds it was learnt."""
    options = FitOptions(sample=share, seed=seed)
    began = time.perf_counter()
    model, _, _ = tune_and_fit(house.event_store, house.policy, options, lambda *_: None, start)
    return found(model, cases), time.perf_counter() - began


def point(
    house: Workspace,
    start: TemporalSplit,
    customers: int,
    everybody: Found,
    cases: Sequence[EvalUser],
) -> dict[str, Any]:
    """One point of the curve."""
    share = customers / house.event_store.customers
    each = [learnt(house, start, share, seed, cases) for seed in SEEDS]
    mean = {task: np.mean([one[task] for one, _ in each], axis=0) for task in TASKS}
    return {
        "customers": customers,
        "share": round(share, 4),
        "seconds": [round(seconds, 1) for _, seconds in each],
        "ndcg": {task: [round(float(one[task].mean()), 4) for one, _ in each] for task in TASKS},
        "per_cent": {task: loss(mean[task], everybody[task]) for task in TASKS},
    }


def main(workspace: Path, sizes: Sequence[int]) -> None:
    """Measure, print and write down after every point."""
    house = Workspace(Settings(workspace=workspace))
    store, policy = house.event_store, house.policy
    whole = TemporalSplit.of(store, policy.relevance.held_out, 1.0, 0)
    asked = HoldoutTask.of(store, policy_catalog(store, policy), policy.relevance, whole)
    cases = list(islice(asked.all_eval_users(store), CASES))
    start = whole.training_part()
    everybody, seconds = learnt(house, start, 1.0, 0, cases)
    result: dict[str, Any] = {
        "date": date.today().isoformat(),
        "machine": f"{os.cpu_count()} processors, {platform.machine()}",
        "load": round(os.getloadavg()[0], 1),
        "versions": {name: version(name) for name in ("brandswipe", "implicit", "numpy")},
        "customers": store.customers,
        "events": store.events,
        "brands": len(store.catalog.brands),
        "asked": {task: len(values) for task, values in everybody.items()},
        "everybody": {task: round(float(values.mean()), 4) for task, values in everybody.items()},
        "seconds": round(seconds, 1),
        "samples": [],
    }
    for customers in (size for size in sizes if size < store.customers):
        result["samples"].append(point(house, start, customers, everybody, cases))
        print(json.dumps(result["samples"][-1]), flush=True)
        RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    house.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(said) for said in sys.argv[2:]] or SIZES)
