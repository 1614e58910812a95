"""One peer at work, in an environment that has it and nothing of ours: see bench/peers.py.

Run by it: python bench/peers_run.py PEER FOLDER. Reads FOLDER/pairs.parquet (customer, brand and
value) and FOLDER/asked.parquet (customer); writes FOLDER/PEER.json: the first ten brands of
everybody asked, any and new ones, the seconds of the fit and the milliseconds of unseen customers.
"""

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

FACTORS, ALPHA, PASSES, TEN, TIMED = 32, 5.0, 15, 10, 200
MORE = 200  # brands asked of Spark, which cannot leave out what somebody knows


def matrix(pairs):
    """Customers x brands, and the row of each customer."""
    from scipy.sparse import csr_matrix

    customers, rows = np.unique(pairs["customer"], return_inverse=True)
    values = pairs["value"].to_numpy(np.float32)
    found = csr_matrix((values, (rows, pairs["brand"])))
    return found, dict(zip(customers.tolist(), range(len(customers)), strict=True))


def implicit(pairs, asked, _):
    """Alternating least squares of `implicit` with its own fold-in."""
    from implicit.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    threadpool_limits(1, "blas")
    liked, row_of = matrix(pairs)
    began = time.perf_counter()
    model = AlternatingLeastSquares(FACTORS, alpha=ALPHA, iterations=PASSES, random_state=0)
    model.fit(liked, show_progress=False)
    seconds, rows = time.perf_counter() - began, [row_of[who] for who in asked]
    lists = {
        task: model.recommend(rows, liked[rows], TEN, known)[0].tolist()
        for task, known in (("any", False), ("new", True))
    }
    model.num_threads, taken = 1, []
    for row in rows[:TIMED]:
        began = time.perf_counter()
        model.recommend(0, liked[row], TEN, False, recalculate_user=True)
        taken.append(1000 * (time.perf_counter() - began))
    return lists, seconds, taken


def lenskit(pairs, asked, _):
    """LensKit's implicit-feedback ALS; an unseen customer by the ratings handed over."""
    from lenskit import Recommender
    from lenskit.algorithms.als import ImplicitMF

    ratings = pairs.rename(columns={"customer": "user", "brand": "item", "value": "rating"})
    began = time.perf_counter()
    model = Recommender.adapt(
        ImplicitMF(FACTORS, iterations=PASSES, weight=ALPHA, use_ratings=True)
    )
    model.fit(ratings)
    seconds, everything = time.perf_counter() - began, np.unique(ratings["item"])
    lists = {
        "any": [model.recommend(who, TEN, everything)["item"].tolist() for who in asked],
        "new": [model.recommend(who, TEN)["item"].tolist() for who in asked],
    }
    by_user, taken = ratings.set_index("user"), []
    for who in asked[:TIMED]:
        hers = by_user.loc[[who]].set_index("item")["rating"]
        began = time.perf_counter()
        scores = model.predictor.predict_for_user(-1, everything, hers)
        scores.nlargest(TEN)
        taken.append(1000 * (time.perf_counter() - began))
    return lists, seconds, taken


def spark(pairs, asked, folder):
    """Spark MLlib's ALS, local; it knows no fold-in, so an unseen customer is a fit anew."""
    from pyspark.ml.recommendation import ALS
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[*]")
        .config("spark.driver.memory", "6g")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "8")
        .getOrCreate()
    )
    known = pairs.groupby("customer")["brand"].agg(set)
    frame = session.read.parquet(str(folder / "pairs.parquet")).cache()
    frame.count()
    als = ALS(
        rank=FACTORS,
        alpha=ALPHA,
        maxIter=PASSES,
        implicitPrefs=True,
        userCol="customer",
        itemCol="brand",
        ratingCol="value",
        seed=0,
    )
    began = time.perf_counter()
    model = als.fit(frame)
    seconds = time.perf_counter() - began
    wanted = session.createDataFrame([(int(who),) for who in asked], ["customer"])
    ranked = {
        row["customer"]: [found["brand"] for found in row["recommendations"]]
        for row in model.recommendForUserSubset(wanted, MORE).collect()
    }
    lists = {
        "any": [ranked[who][:TEN] for who in asked],
        "new": [[b for b in ranked[who] if b not in known[who]][:TEN] for who in asked],
    }
    began = time.perf_counter()
    model.recommendForUserSubset(wanted.limit(1), TEN).collect()
    return lists, seconds, [1000 * (seconds + time.perf_counter() - began)]


PEERS = {"implicit": implicit, "lenskit": lenskit, "spark": spark}


def main(name, folder):
    """Let one peer work and write down what it says."""
    pairs = pd.read_parquet(folder / "pairs.parquet")
    asked = pd.read_parquet(folder / "asked.parquet")["customer"].tolist()
    lists, seconds, taken = PEERS[name](pairs, asked, folder)
    package = {"spark": "pyspark"}.get(name, name)
    said = {"version": version(package), "lists": lists}
    said |= {"fit_seconds": seconds, "unseen_ms": taken}
    (folder / f"{name}.json").write_text(json.dumps(said), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
