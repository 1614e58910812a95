"""How steady are the lists, and how fast is one person ranked?

Run: python bench/model.py WORKSPACE, with events in it. Writes bench/results/model.json. Fits twice
with seeds that differ in nothing else, on everybody and on halves of the customers, and counts how
much of everybody's top 10 stays. Then ranks 500 people one after another, and as many again over
50,000 brands with 64 factors made up for it.
"""

import json
import os
import platform
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from itertools import islice
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from app.modeling.recommender import Recommender
from app.modeling.training import tune_and_fit
from app.workspace.settings import Settings
from app.workspace.workspace import Workspace
from recsys.dataset.event_weights import HALF_LIFE_OPTIONS
from recsys.dataset.evidence import Evidence
from recsys.models.base import BrandIndex
from recsys.models.collaborative import MAX_EASE_BRANDS, MAX_NEIGHBORS, ALSModel, EASEModel, ItemKNN
from recsys.models.hybrid import FitOptions, HybridModel, HybridParams, ScoreWeights

PEOPLE = 500
BRANDS, FACTORS = 50_000, 64
RESULT = Path(__file__).parent / "results" / "model.json"
WAYS = {
    "everybody": FitOptions(sample=1.0),
    "halves of the customers": FitOptions(sample=0.5),
    "halves, weights given": FitOptions(sample=0.5, weights=ScoreWeights(1.0, 0.3, 0.1)),
}


def people(house: Workspace, model: HybridModel) -> list[Evidence]:
    """Evidence of customers, summed up anew."""
    brain = Recommender.bind(model, "", house.event_store, house.policy)
    return [brain.evidence_of(who) for who in islice(house.event_store.customer_ids(), PEOPLE)]


def steady(house: Workspace, options: FitOptions) -> float:
    """Mean share of a top 10 that another seed lists too."""
    one, two = (
        tune_and_fit(house.event_store, house.policy, replace(options, seed=seed), lambda *_: None)[
            0
        ]
        for seed in (1, 2)
    )
    shares = []
    for evidence in people(house, one):
        first, second = ({s.brand for s in model.rank(evidence, 10)} for model in (one, two))
        shares.append(len(first & second) / max(1, len(first)))
    return round(float(np.mean(shares)), 4)


def milliseconds(model: HybridModel, asked: Iterable[Evidence]) -> dict[str, float]:
    """Median and 99th percentile of ranking one person's top 30 with its reasons."""
    taken = []
    for evidence in asked:
        start = time.perf_counter()
        model.rank(evidence, 30)
        taken.append(1000 * (time.perf_counter() - start))
    return {
        name: round(float(np.quantile(taken, q)), 2) for name, q in (("p50", 0.5), ("p99", 0.99))
    }


def wide(known: int) -> HybridModel:
    """A model of 50,000 brands made up for its size; people know `known` of them or fewer."""
    rng = np.random.default_rng(1)
    names = np.array([f"brand {n}" for n in range(BRANDS)], object)
    speaks = rng.standard_normal((MAX_EASE_BRANDS, MAX_EASE_BRANDS)).astype(np.float32) / 100
    head = np.sort(rng.choice(np.arange(known, BRANDS), MAX_EASE_BRANDS - known, replace=False))
    near = rng.integers(0, BRANDS, BRANDS * MAX_NEIGHBORS)
    rows = np.arange(BRANDS + 1) * MAX_NEIGHBORS
    alike = csr_matrix((rng.random(len(near), np.float32), near, rows), shape=(BRANDS, BRANDS))
    return HybridModel(
        brand_index=BrandIndex(
            "bench", names, np.zeros(BRANDS, bool), rng.integers(0, 1000, BRANDS)
        ),
        popularity=rng.random((len(HALF_LIFE_OPTIONS), BRANDS)),
        mean_preference=1.0,
        als=ALSModel(rng.standard_normal((BRANDS, FACTORS)).astype(np.float32) / 10, 5.0, 50.0),
        ease=EASEModel(np.append(np.arange(known), head).astype(np.int32), speaks),
        item_knn=ItemKNN(alike),
        options=FitOptions(),
        params=HybridParams(ease=0.3, item_knn=0.3),
    )


def main(workspace: Path) -> None:
    """Measure, print and write down."""
    house = Workspace(Settings(workspace=workspace))
    model = tune_and_fit(house.event_store, house.policy, FitOptions(), lambda *_: None)[0]
    asked = people(house, model)
    brands = len(model.brand_index.brands)
    result = {
        "date": date.today().isoformat(),
        "machine": f"{os.cpu_count()} processors, {platform.machine()}",
        "load": round(os.getloadavg()[0], 1),
        "customers": house.event_store.customers,
        "events": house.event_store.events,
        "top_10_that_stays": {name: steady(house, options) for name, options in WAYS.items()},
        "rank_ms": {
            f"{brands:,} brands": milliseconds(model, asked),
            f"{BRANDS:,} brands": milliseconds(wide(min(brands, MAX_EASE_BRANDS - 1)), asked),
        },
    }
    house.close()
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
