"""In a shop whose favourites are known, the model finds them better than both of its rivals."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from app.modeling.recommender import Recommender, load_recommender
from app.workspace.planted_shop import planted_truth
from app.workspace.settings import Settings
from app.workspace.workspace import Workspace
from recsys.dataset.event_aggregation import aggregate_events
from recsys.dataset.events import NO_PRICE, EventKind
from recsys.dataset.evidence import Evidence
from recsys.models.base import Ranker
from recsys.models.baselines import BASELINES
from tests.support.cli_runner import brandswipe
from tests.support.planted_shops import IN_EARNEST, asking
from tests.support.toy_catalogs import rows

SEEDS = (5, 6, pytest.param(7, marks=pytest.mark.soak))  # each is a shop and a fit of its own
CUSTOMERS, ASKED = 1_500, 400
PLAIN = ("Phone accessories", "Batteries and cables", "Car accessories", "Cleaning and laundry")
Person = tuple[Evidence, set[str], set[str]]
"""Her evidence, her true favourites, the brands that she had anything to do with."""


@pytest.fixture(scope="module", params=SEEDS)
def shop(
    request: pytest.FixtureRequest, planted: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    if request.param == SEEDS[0]:
        return planted
    folder = tmp_path_factory.mktemp("truth")
    shop, seed = str(folder / "shop"), str(request.param)
    with asking(IN_EARNEST):
        for command in (
            ("data", "generate", "--customers", str(CUSTOMERS), "--seed", seed, "--out", shop),
            ("data", "ingest", shop, "--workspace", str(folder / "ws")),
            ("model", "fit", "--workspace", str(folder / "ws")),
        ):
            assert brandswipe(*command).code == 0
    return folder / "ws"


@pytest.fixture(scope="module")
def brain(shop: Path) -> Recommender:
    return load_recommender(Workspace(Settings(workspace=shop)))


@pytest.fixture(scope="module")
def people(shop: Path, brain: Recommender) -> list[Person]:
    tastes, _ = planted_truth(shop)
    found: list[Person] = []
    for customer in sorted(tastes):
        if len(found) < ASKED and brain.event_store.has_customer(customer):
            evidence = brain.evidence_of(customer)
            if len(evidence) >= 5:
                known = {str(brain.brand_pool.names[code]) for code in evidence.brand}
                found.append((evidence, set(tastes[customer].favourites), known))
    return found


def found(ranker: Ranker, people: list[Person], new: bool = False) -> NDArray[np.float64]:
    """Each person's share of her true favourites among the first ten; new: of unseen ones alone."""
    shares = []
    for evidence, favourites, known in people:
        wanted = favourites - known if new else favourites
        if wanted:
            top = ranker.rank(evidence, 10, known if new else ())
            hits = wanted & {score.brand for score in top}
            shares.append(len(hits) / min(10, len(wanted)))
    return np.array(shares)


@pytest.mark.parametrize("rival", BASELINES)
@pytest.mark.parametrize("new", [False, True], ids=["any", "new to her"])
def test_it_finds_more_of_the_planted_favourites_than_its_rivals(
    brain: Recommender, people: list[Person], rival: str, new: bool
) -> None:
    gain = found(brain.model, people, new) - found(brain.baseline(rival), people, new)
    assert len(gain) > 150
    error = gain.std(ddof=1) / np.sqrt(len(gain))
    assert gain.mean() > 0.05
    assert gain.mean() > (3 if new else 5) * error


def test_what_was_only_bought_is_kept_off_her_list_more_often_than_by_counting_purchases(
    shop: Path, brain: Recommender, people: list[Person]
) -> None:
    """Screen protectors and the like, of brands that she has met and does not love."""
    brands = pd.read_csv(shop / "planted" / "brands.csv")
    plain = set(brands["name"][brands["category"].isin(PLAIN)])
    listed: dict[str, list[int]] = {"model": [], "rival": []}
    for evidence, favourites, known in people:
        needed = (plain & known) - favourites
        if needed:
            for name, ranker in (
                ("model", brain.model),
                ("rival", brain.baseline("own-purchases-then-views")),
            ):
                top = {score.brand for score in ranker.rank(evidence, 10)}
                listed[name].append(len(top & needed))
    saved = np.array(listed["rival"]) - np.array(listed["model"])
    assert len(saved) > 100
    assert saved.mean() > 4 * saved.std(ddof=1) / np.sqrt(len(saved))


def test_a_single_accessory_is_not_among_the_ten_of_somebody_with_better_evidence(
    shop: Path, brain: Recommender, people: list[Person]
) -> None:
    """One cheap charger, bought today, beside a history of ten brands or more."""
    needed = set(pd.read_csv(shop / "planted" / "brands.csv").query("category in @PLAIN")["name"])
    catalogue, listed, tried = brain.catalog, 0, 0
    for evidence, favourites, known in people:
        strange = sorted(needed - known - favourites)
        if len(known) < 15 or not strange:
            continue
        code = brain.brand_pool.codes[strange[tried % len(strange)]]
        item = int(np.flatnonzero(catalogue.item_brand == code)[0])
        price = max(1, int(catalogue.item_price[item]) * 6 // 10)
        bought = rows((item, brain.event_store.as_of, price, NO_PRICE, int(EventKind.PURCHASE), 1))
        with_it = evidence + aggregate_events(bought, brain.item_facts, brain.event_store.as_of)
        top = [score.brand for score in brain.model.rank(with_it, 10)]
        listed += str(brain.brand_pool.names[code]) in top
        tried += 1
    assert tried > 50
    assert listed <= 0.1 * tried


def test_popularity_alone_never_explains_the_list(brain: Recommender, people: list[Person]) -> None:
    """With somebody else's history the model finds hardly any of her favourites."""
    shuffled = [
        (other, favourites, known)
        for (other, _, _), (_, favourites, known) in zip(people[1:], people, strict=False)
    ]
    hers, others = found(brain.model, people[:-1]), found(brain.model, shuffled)
    assert hers.mean() > 3 * others.mean()


def test_truth_never_reaches_the_model(planted: Path) -> None:
    """The events alone are learnt from: the store holds no column of the truth."""
    kept = b"".join(f.read_bytes() for f in (planted / "events").rglob("*") if f.is_file())
    assert b"taste_groups" not in kept
    assert b"strength" not in kept
