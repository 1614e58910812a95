"""Power: simulated employees judge a version before a colleague is bothered.

They play in a store that lives in memory: nothing of it enters the workspace's studies.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from app.game import Game
from app.house import BASELINE, House
from app.opening import open_study
from app.registry import Version
from app.rows.records import StudyRow
from app.simulation import Colleagues
from app.store import Store
from app.studies import judge
from recsys.collaborative import Progress
from recsys.colleagues import panel
from recsys.errors import NotEnoughError
from recsys.policy import Policy, StudyKind
from recsys.power import Power, power, power_to_row

PLAYERS = 2_000


@dataclass(frozen=True, slots=True)
class Powered:
    """What simulated employees made of a version."""

    panel: str
    players: int  # who played; some of them do not count
    hit_rate: float
    outcome: str  # of the one study in the order in which they played
    decided_after: int | None
    reason: str
    power: Power


def powered_to_row(found: Powered) -> dict[str, Any]:
    """Return what was made of a version as the result of a job says it."""
    return {
        "panel": found.panel,
        "players": found.players,
        "hit_rate": found.hit_rate,
        "outcome": found.outcome,
        "decided_after": found.decided_after,
        "reason": found.reason,
        "power": power_to_row(found.power),
    }


def played(
    house: House, version: Version, honesty: str, players: int, seed: int, progress: Progress
) -> Powered:
    """Let so many employees of a panel play, and draw studies from their scores.

    Raises WorkspaceError in a shop that is not planted, UnknownNameError for an unknown panel, and
    NotEnoughError where nobody's history is enough for a deck.
    """
    behaviour, colleagues = panel(honesty), Colleagues.of(house.workspace)
    store = Store()
    try:
        row = _opened(store, house.policy, version)
        game = Game(store, house.brain(version.hash), row)
        done = 0
        for done in colleagues.play(game, house.keys, players, seed, behaviour):
            progress("simulated employees play", done / players)
        scores = _scores(store, row, house.policy)
        judged = judge(store, row)
    finally:
        store.close()
    if not len(scores):
        raise NotEnoughError("Nobody could be dealt a deck that counts: import longer histories.")
    found = judged.decision
    return Powered(
        panel=honesty,
        players=done,
        hit_rate=float(scores[:, 0].mean()),
        outcome=judged.verdict.outcome.value,
        decided_after=None if found is None else found.batch,
        reason=judged.verdict.reason,
        power=power(scores, house.policy, house.policy.alpha, seed),
    )


def _opened(store: Store, policy: Policy, version: Version) -> StudyRow:
    return open_study(store, "power", StudyKind.SIMULATED, policy, version.hash, BASELINE, 1)


def _scores(store: Store, row: StudyRow, policy: Policy) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """The scores of those who count, shape (people, criteria of the policy)."""
    names = [criterion.name for criterion in policy.criteria]
    counted = (closing.score for closing in store.closings(row.hash) if closing.score is not None)
    rows = [[score[name] for name in names] for score in counted]
    return np.array(rows, np.float64).reshape(len(rows), len(names))
