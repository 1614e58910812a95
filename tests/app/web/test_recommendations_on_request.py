"""Her brands are computed when she asks, and nothing of them before."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from app.modeling.recommender import load_recommender
from app.modeling.training_data import policy_catalog
from app.storage.event_store.store import CHUNK_ROWS
from app.study.deal_queue import DealQueue
from app.study.dealing import Player
from app.study.game import Game
from app.workspace.workspace import Workspace
from recsys.dataset.event_aggregation import ItemFacts, aggregate_events
from recsys.dataset.interactions import Interactions
from recsys.models.hybrid import fit_hybrid
from recsys.models.hybrid_params import FitOptions, HybridParams
from recsys.study.deck import Card, Origin
from recsys.study.policy import StudyKind
from tests.support.cli_runner import brandswipe
from tests.support.event_files import write
from tests.support.games import RANDOM, game_of, known_customers


def simulated(house: Workspace) -> Game:
    """A game in which whoever is dealt to gets the same random bits."""
    return replace(game_of(house, StudyKind.SIMULATED), random_bits=lambda _: RANDOM)


def cards(game: Game, customers: Sequence[str], workers: int) -> list[tuple[Card, ...]]:
    """Deal to all of them, so many at a time."""
    players = [Player(f"p-{who}", Origin.SIMULATED, who) for who in customers]
    with ThreadPoolExecutor(workers) as pool:
        return [dealt.deck.cards for dealt in pool.map(game.start, players)]


def test_one_more_event_changes_the_next_deal_within_a_second(
    house: Workspace, tmp_path: Path
) -> None:
    her = known_customers(load_recommender(house), 1)[0]
    before = [
        score.brand
        for score in load_recommender(house).rank(load_recommender(house).evidence_of(her), 30)
    ]
    new = next(
        str(name)
        for name, shown in zip(
            load_recommender(house).brand_pool.names,
            load_recommender(house).brand_pool.allowed,
            strict=True,
        )
        if shown and name not in before
    )
    event = {"customer_id": her, "ts": house.event_store.as_of, "event": "follow", "brand": new}
    file = write([{**event, "category": "Books"}], tmp_path / "today.csv")
    assert brandswipe("data", "ingest", str(file), workspace=house.folder).code == 0
    started = time.process_time()
    after = simulated(house).favourites(Player("p", Origin.SIMULATED, her), 30)
    assert time.process_time() - started < 1.0
    assert new in [score.brand for score in after]


def test_dealing_leaves_nothing_of_anybody_in_memory(planted_house: Workspace) -> None:
    game = simulated(planted_house)
    everybody = known_customers(game.recommender, 12)
    cards(game, everybody[:2], 1)
    before = _held(game)
    cards(game, everybody[2:], 1)
    assert _held(game) == before


def _held(game: Game) -> dict[str, int]:
    """How much each part of what answers holds, as far as it can grow."""
    seen: dict[str, int] = {}
    for part in (
        game.recommender,
        game.recommender.model,
        game.recommender.event_store,
        game.recommender.brand_products,
    ):
        names = [*getattr(part, "__dict__", {}), *getattr(part, "__slots__", ())]
        for name in names:
            value = getattr(part, name)
            if hasattr(value, "__len__"):
                seen[f"{type(part).__name__}.{name}"] = len(value)
    return seen


def test_thirty_two_threads_deal_the_decks_of_one(planted_house: Workspace) -> None:
    customers = known_customers(load_recommender(planted_house), 64)
    alone = cards(simulated(planted_house), customers, 1)
    assert cards(simulated(planted_house), customers, 32) == alone
    assert len(set(alone)) > 32


def test_who_comes_first_is_dealt_to_first(planted_house: Workspace) -> None:
    game = simulated(planted_house)
    people = [
        Player(f"in line {place}", Origin.SIMULATED, customer)
        for place, customer in enumerate(known_customers(game.recommender, 12))
    ]
    queue = DealQueue()
    begun = [queue.submit(partial(game.start, player, None)) for player in people]
    dealt_at = [deal.result().dealt_at for deal in begun]
    assert dealt_at == sorted(dealt_at)
    first, last = begun[0].result().deck.id, begun[-1].result().deck.id
    order = [row["id"] for row in game.store.db.query("select id from decks order by seq")]
    assert order.index(last) - order.index(first) == len(people) - 1
    queue.close()


def test_somebody_who_did_a_hundred_thousand_things_is_dealt_a_deck(
    house: Workspace, tmp_path: Path
) -> None:
    shelf, rng = load_recommender(house).brand_pool, np.random.default_rng(1)
    names = shelf.names[shelf.allowed][::2]  # the others are left for decoys
    rows = [
        {"customer_id": "busy", "ts": int(ts), "event": "view", "brand": str(brand)}
        for ts, brand in zip(
            house.event_store.as_of - rng.choice(10**7, 100_000, replace=False),
            names[(len(names) * rng.random(100_000) ** 3).astype(int)],
            strict=True,
        )
    ]
    file = write(rows, tmp_path / "busy.parquet")
    assert brandswipe("data", "ingest", str(file), workspace=house.folder).code == 0
    game = simulated(house)
    game.recommender.model.rank(game.recommender.evidence_of("busy"), 10)  # warm
    started = time.process_time()
    dealt = game.start(Player("p", Origin.SIMULATED, "busy"))
    assert time.process_time() - started < 1.0
    assert len(dealt.deck.cards) == 20
    assert len(house.event_store.events_of("busy")) == 100_000


@pytest.mark.parametrize("chunk", [1, 5_000, CHUNK_ROWS])
def test_a_model_is_the_same_to_the_bit_whatever_the_chunks_and_threads(
    planted_house: Workspace, chunk: int
) -> None:
    shop = policy_catalog(planted_house.event_store, planted_house.policy)
    options = FitOptions(factors=8, iterations=2)
    models = [
        fit_hybrid(
            _lesson(planted_house, size), shop, options, threads=threads, params=HybridParams()
        ).arrays()
        for size, threads in ((chunk, 1), (CHUNK_ROWS, 2))
    ]
    for name, array in models[0].items():
        assert array.tobytes() == models[1][name].tobytes(), name


def _lesson(house: Workspace, chunk: int) -> Interactions:
    shop, as_of = policy_catalog(house.event_store, house.policy), house.event_store.as_of
    facts, scanned = ItemFacts.from_catalog(shop), house.event_store.scan(chunk=chunk)
    chunks = (aggregate_events(rows, facts, as_of, numbers) for numbers, rows in scanned)
    return Interactions.from_evidence(chunks, len(shop.brands))
