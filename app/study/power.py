"""Power: simulated employees judge a version before a colleague is bothered.

They play in a store that lives in memory: nothing of it enters the workspace's studies.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from math import log1p
from typing import Any

import numpy as np

from app.modeling.recommender import Brain, load_brain
from app.storage.model_registry import Version
from app.storage.study_db.records import StudyRow
from app.storage.study_db.row_codec import score_of
from app.storage.study_db.store import Store
from app.study.game import Game
from app.study.opening import open_study
from app.study.results import Judged, judge
from app.study.simulation import Colleagues
from app.workspace.workspace import BASELINE, House
from recsys.errors import BadInputError, NotEnoughBrandsError, NotEnoughError, NotEnoughHistoryError
from recsys.models.collaborative import Progress
from recsys.report.evaluate import smallest_panel_of
from recsys.simulation.raters import panel
from recsys.stats import standardised_difference
from recsys.study.deck import Arm, Card, Stratum, deal
from recsys.study.policy import Policy, StudyKind
from recsys.study.power import Outlook, Power, Truth, outlook, power, power_to_row
from recsys.study.scoring import score_to_row

CUSTOMERS = 1_000


@dataclass(frozen=True, slots=True)
class Sample:
    """What trial decks of this shop's customers look like. They were dealt and thrown away."""

    customers: int
    shared: tuple[int, ...]  # how many have 0, 1, 2, ... brands on both lists
    balance: float | None  # expected popularity difference of decoys; None without pairs

    @property
    def overlap(self) -> float | None:
        """Return the brands that both lists name, on average; None without a customer."""
        if not self.customers:
            return None
        return sum(n * count for n, count in enumerate(self.shared)) / self.customers


@dataclass(frozen=True, slots=True)
class Plan:
    """The answer of `brandswipe study plan`."""

    is_duel: bool
    smallest: int
    alpha: float
    sample: Sample
    outlooks: tuple[Outlook, ...]


def trial_decks(
    brain: Brain,
    policy: Policy,
    rival: Brain | str,
    seed: int,
    progress: Progress,
) -> Sample:
    """Deal to customers drawn from the store; keep how the lists overlap and decoys match.

    The rival is a baseline by its name, or a second version.
    """
    share = min(1.0, 2 * CUSTOMERS / max(1, brain.warehouse.customers))
    asked = list(islice(brain.warehouse.customer_ids(share, seed), CUSTOMERS))
    shared: Counter[int] = Counter()
    gaps: list[tuple[float, float]] = []
    for done, customer in enumerate(asked, start=1):
        cards = _dealt(brain, customer, policy, rival, done)
        if cards:
            shared[sum({Arm.PICK, Arm.BASELINE} <= card.arms for card in cards)] += 1
            gaps += _gaps(cards)
        if done % 25 == 0 or done == len(asked):
            progress("dealing trial decks", done / len(asked))
    picks, decoys = [pick for pick, _ in gaps], [decoy for _, decoy in gaps]
    counts = tuple(shared[n] for n in range(policy.deck.picks + 1))
    return Sample(shared.total(), counts, standardised_difference(picks, decoys))


def _dealt(
    brain: Brain, customer: str, policy: Policy, rival: Brain | str, seed: int
) -> tuple[Card, ...]:
    """Return a trial deck; nothing for a history that is too thin, or a shop too small."""
    lengths = (policy.decoy_depth * policy.deck.picks, policy.deck.picks)
    try:
        evidence = brain.evidence_of(customer)
        if len(evidence) < policy.least_brands:
            return ()
        if isinstance(rival, str):
            lists = brain.lists(evidence, brain.rival(rival), lengths, ())
        else:
            theirs = rival.rank(rival.evidence_of(customer), lengths[1])
            lists = brain.lists(evidence, brain.model, lengths, ())
            lists = replace(lists, baseline=[score.brand for score in theirs])
        return deal(lists, brain.shelf, policy.deck, seed)
    except (NotEnoughBrandsError, NotEnoughHistoryError):
        return ()


def _gaps(cards: tuple[Card, ...]) -> Iterator[tuple[float, float]]:
    at = {card.position: card for card in cards}
    for card in cards:
        if card.stratum is Stratum.FAR and card.partner is not None:
            yield log1p(at[card.partner].popularity), log1p(card.popularity)


@dataclass(frozen=True, slots=True)
class Assumed:
    """What is assumed of the colleagues, and of whom it was measured."""

    icc: float
    drop_out: float
    source: str


def assumed(like: Judged | None, icc: float | None, drop_out: float | None) -> Assumed:
    """Return ICC and drop-out: as given, else as an earlier study had them, else the default.

    Raises BadInputError for an earlier study that published too little.
    """
    default = Truth(0.85, 0.7, 0.35)
    if like is None:
        return Assumed(_or(icc, default.icc), _or(drop_out, default.drop_out), "assumed")
    cards, completion = like.report.cards, like.report.players.completion
    if cards is None or completion is None:
        raise BadInputError(
            f"{like.row.name} has published too little to plan from: plan without --like."
        )
    measured = (min(max(cards.icc, 0.0), 0.99), round(1 - completion, 2))
    return Assumed(_or(icc, measured[0]), _or(drop_out, measured[1]), like.row.name)


def _or(given: float | None, known: float) -> float:
    return known if given is None else given


def plan(
    policy: Policy,
    alpha: float,
    sample: Sample,
    truths: list[Truth],
    seed: int,
    progress: Progress,
) -> Plan:
    """Simulate whole studies of each truth."""
    found = []
    for place, truth in enumerate(truths, start=1):
        found.append(outlook(policy, truth, alpha, seed + place))
        progress("simulating studies", place / len(truths))
    return Plan(policy.is_duel, smallest_panel_of(policy, alpha), alpha, sample, tuple(found))


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
        game = Game(store, load_brain(house, version.hash), row)
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
    stored = [closing.score for closing in store.closings(row.hash) if closing.score is not None]
    rows = [[score_to_row(score_of(score))[name] for name in names] for score in stored]
    return np.array(rows, np.float64).reshape(len(rows), len(names))
