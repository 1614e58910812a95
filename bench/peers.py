"""The same work by others: implicit alone, LensKit, and Spark's ALS on this computer.

Run: python bench/peers.py WORKSPACE PYTHON, with events in the workspace and PYTHON one that has
the peers, in an environment of its own: pip install implicit lenskit==0.14.4 pyspark "pyarrow<20"
"numpy<2" (Spark wants Java 17). Writes bench/results/peers.json. Everybody learns from the same
customers and brands up to the same day, with as many factors, and is asked about the same
customers; the metrics are computed here, from the lists that came back. One unseen customer is
somebody whose history is handed over after the fit: folded in where the peer can do that, else
fitted anew.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from app.modeling.split import HoldoutTask, TemporalSplit
from app.modeling.training import tune_and_fit
from app.modeling.training_data import policy_catalog, read_evidence
from app.storage.event_store.store import EventStore
from app.workspace.settings import Settings
from app.workspace.workspace import Workspace
from recsys.dataset.event_weights import baseline_strength
from recsys.evaluation.metrics import TASKS, EvalUser, K, ndcg, recall
from recsys.evaluation.offline import bootstrap
from recsys.models.hybrid import FitOptions, HybridModel
from recsys.stats import Estimate
from recsys.study.policy import Policy

PEERS = ("implicit", "lenskit", "spark")
CASES, TIMED = 2_000, 200
RESULT = Path(__file__).parent / "results" / "peers.json"
Lists = dict[str, list[list[str]]]
"""Task -> the first ten of each case."""


def ours(model: HybridModel, cases: Sequence[EvalUser]) -> Lists:
    """What the model lists."""
    without = {"any": [frozenset[str]()] * len(cases), "new": [case.known_brands for case in cases]}
    return {
        task: [
            [score.brand for score in model.rank(case.evidence, K, known)]
            for case, known in zip(cases, without[task], strict=True)
        ]
        for task in TASKS
    }


def one_by_one(model: HybridModel, cases: Sequence[EvalUser]) -> list[float]:
    """Milliseconds for each of some customers who were never computed before."""
    taken = []
    for case in cases[:TIMED]:
        began = time.perf_counter()
        model.rank(case.evidence, K)
        taken.append(1000 * (time.perf_counter() - began))
    return taken


def judged(lists: Lists, cases: Sequence[EvalUser]) -> dict[str, Any]:
    """Recall and NDCG of the first ten with their intervals, over customers who were asked."""
    rng, found = np.random.default_rng(0), {}
    for task in TASKS:
        asked = [(ten, case.relevant(task)) for ten, case in zip(lists[task], cases, strict=True)]
        scores = [(recall(ten, want), ndcg(ten, want)) for ten, want in asked if want]
        hits, gained = np.array(scores).T
        found[task] = {"recall@10": _told(bootstrap(hits, rng))}
        found[task]["ndcg@10"] = _told(bootstrap(gained, rng))
    return found


def _told(found: Estimate) -> dict[str, Any]:
    plain = asdict(found)
    return {name: plain[name] for name in ("value", "low", "high", "n")}


def what_they_did(store: EventStore, policy: Policy, start: TemporalSplit) -> pd.DataFrame:
    """Customer, brand and value above 0 of the pairs of a start of the log."""
    catalogue = policy_catalog(store, policy)
    chunks = read_evidence(store, catalogue, FitOptions(), silent, start)
    parts = [
        pd.DataFrame(
            {"customer": part.customer, "brand": part.brand, "value": baseline_strength(part)}
        )
        for part in chunks
    ]
    pairs = pd.concat(parts, ignore_index=True)
    return pairs[pairs["value"] > 0]


def silent(stage: str, share: float) -> None:
    """Nobody watches."""
    del stage, share


def hand_over(folder: Path, cases: Sequence[EvalUser], pairs: pd.DataFrame) -> None:
    """Write what the peers learn from and whom they are asked about."""
    pairs.to_parquet(folder / "pairs.parquet", index=False)
    asked = pd.DataFrame({"customer": [case.customer for case in cases]})
    asked.to_parquet(folder / "asked.parquet")


def peer(name: str, python: str, folder: Path) -> dict[str, Any]:
    """Let one peer work; its lists and times."""
    script = Path(__file__).with_name("peers_run.py")
    subprocess.run([python, str(script), name, str(folder)], check=True)
    found: dict[str, Any] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return found


def summary(
    seconds: float, milliseconds: Sequence[float], lists: Lists, cases: Sequence[EvalUser]
) -> dict[str, Any]:
    """One line of the table."""
    return {
        "fit_seconds": round(seconds, 1),
        "unseen_ms": {
            "p50": round(float(np.median(milliseconds)), 2),
            "p99": round(float(np.quantile(milliseconds, 0.99)), 2),
        },
        **judged(lists, cases),
    }


def named(codes: Sequence[Sequence[int]], names: NDArray[np.object_]) -> list[list[str]]:
    """Brands by their names."""
    return [[str(names[code]) for code in ten] for ten in codes]


def main(workspace: Path, python: str) -> None:
    """Measure, print and write down after every peer."""
    house = Workspace(Settings(workspace=workspace))
    store, policy = house.event_store, house.policy
    whole = TemporalSplit.of(store, policy.relevance.held_out, 1.0, 0)
    asked = HoldoutTask.of(store, policy_catalog(store, policy), policy.relevance, whole)
    pairs = what_they_did(store, policy, whole.training_part())
    taught = set(pairs["customer"])  # peers answer for nobody else
    cases = list(islice((c for c in asked.all_eval_users(store) if c.customer in taught), CASES))
    began = time.perf_counter()
    model, _, _ = tune_and_fit(store, policy, FitOptions(), silent, whole.training_part())
    seconds = time.perf_counter() - began
    times, lists = one_by_one(model, cases), ours(model, cases)
    result: dict[str, Any] = {
        "date": date.today().isoformat(),
        "machine": f"{os.cpu_count()} processors, {platform.machine()}",
        "load": round(os.getloadavg()[0], 1),
        "customers": store.customers,
        "events": store.events,
        "brands": len(store.catalog.brands),
        "cases": len(cases),
        "found": {"brandswipe": summary(seconds, times, lists, cases)},
    }
    names = store.catalog.brands
    with tempfile.TemporaryDirectory() as scratch:
        hand_over(Path(scratch), cases, pairs)
        for name in PEERS:
            said = peer(name, python, Path(scratch))
            theirs = {task: named(said["lists"][task], names) for task in TASKS}
            line = summary(said["fit_seconds"], said["unseen_ms"], theirs, cases)
            result["found"][name] = {"version": said["version"], **line}
            print(name, json.dumps(line), flush=True)
            RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    house.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
