"""A workspace with studies in it, made of hand-dealt decks: no shop, no model, no simulation."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from app.storage.study_db.records import IncomingSwipe, StudyRow
from app.storage.study_db.store import StudyStore
from app.study.closing import close_deck
from app.study.opening import open_study
from app.workspace.policies import default_policy
from recsys.study.deck import with_hash
from recsys.study.policy import StudyKind
from recsys.study.swipes import CompletedDeck, SwipeKind
from tests.support.closed_decks import panel

HONEST = {"pick": 0.87, "rival": 0.4, "decoy": 0.15}
POLITE = {"pick": 0.87, "rival": 0.4, "decoy": 0.9}


def open_one(
    store: StudyStore, name: str, kind: StudyKind = StudyKind.SIMULATED, seed: int = 1
) -> StudyRow:
    """Open a study under the policy that comes with the program."""
    return open_study(store, name, kind, default_policy(), "m" * 64, "popularity", seed)


def play(store: StudyStore, row: StudyRow, decks: Sequence[CompletedDeck]) -> None:
    """Deal, answer and close decks in a study."""
    for place, played in enumerate(decks):
        deck_id = f"{row.name}-{played.deck.id}"
        mine = with_hash(replace(played.deck, id=deck_id, study=row.hash, model=row.model))
        store.decks.add(mine, "events-1", {"deal": 1.0}, language=("en", "nl")[place % 2])
        store.swipes.add(mine.id, posts_of(played))
        close_deck(store, row, mine.id)


def posts_of(played: CompletedDeck) -> list[IncomingSwipe]:
    """Return the answers of a deck as the browser sends them."""
    return [
        IncomingSwipe(
            f"swipe-{position}", position, SwipeKind.ANSWER, answer, "tab", position,
            played.shown_ms[position], "key", "desk", None,
        )
        for position, answer in played.answers.items()
    ]  # fmt: skip


def told(
    store: StudyStore, name: str, people: int, chances: dict[str, float], seed: int = 1
) -> None:
    """Open a study and let people play it until it decides."""
    row, decks = open_one(store, name, seed=seed), panel(people, seed, **chances)
    for start in range(0, people, 5):
        play(store, row, decks[start : start + 5])
        if store.studies.decision(row.hash) is not None:
            return


def build(workspace: Path) -> StudyStore:
    """Write a workspace like the demo's: released, held, undecided, and one nobody played."""
    workspace.mkdir(parents=True, exist_ok=True)
    store = StudyStore(workspace / "study.db")
    told(store, "Spring", 100, HONEST, seed=3)
    told(store, "Summer", 100, POLITE, seed=4)
    told(store, "Autumn", 25, {"pick": 0.8, "rival": 0.7, "decoy": 0.4}, seed=5)
    open_one(store, "Playground", StudyKind.PLAYGROUND)
    (workspace / "demo.ready").write_text("built\n")
    return store
