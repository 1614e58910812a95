"""Power of a study before real employees play: trial decks, planning, simulated employees.

Simulated employees play in a store in memory, so nothing enters the studies of the workspace.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from math import log1p
from typing import Any

import numpy as np

from app.modeling.recommender import Recommender, load_recommender
from app.presentation.verdict_text import verdict_text
from app.storage.model_registry import ModelVersion
from app.storage.study_db.records import StudyRow
from app.storage.study_db.row_codec import score_of
from app.storage.study_db.store import StudyStore
from app.study.game import Game
from app.study.opening import open_study
from app.study.results import StudyStatus, study_status
from app.study.simulation import RaterPool
from app.workspace.workspace import DEFAULT_BASELINE, Workspace
from recsys.errors import BadInputError, NotEnoughBrandsError, NotEnoughError, NotEnoughHistoryError
from recsys.progress import ProgressCallback, WorkStage
from recsys.report.evaluate import smallest_panel_for_policy
from recsys.report.gate import Outcome
from recsys.simulation.raters import rater_panel
from recsys.stats import standardized_difference
from recsys.study.deck import Card, CardRole, Source, deal_deck
from recsys.study.policy import Policy, StudyKind
from recsys.study.power import PowerAssumptions, PowerScenario, simulate_scenario
from recsys.study.resampled_power import PowerEstimate, power_to_row, resample_power
from recsys.study.scoring import score_to_row

TRIAL_CUSTOMERS = 1_000


@dataclass(frozen=True, slots=True)
class TrialDecks:
    """Statistics of trial decks for customers of the shop. The decks are not stored."""

    customers: int
    shared_counts: tuple[int, ...]  # customers with 0, 1, 2, ... brands on both lists
    covariate_balance: float | None  # standardized popularity difference; None without pairs

    @property
    def overlap(self) -> float | None:
        """The mean number of brands on both lists; None without a customer."""
        if not self.customers:
            return None
        return sum(n * count for n, count in enumerate(self.shared_counts)) / self.customers


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """The result of `brandswipe study plan`."""

    is_paired_comparison: bool
    min_players: int
    alpha: float
    sample: TrialDecks
    scenarios: tuple[PowerScenario, ...]


def deal_trial_decks(
    recommender: Recommender,
    policy: Policy,
    baseline: Recommender | str,
    seed: int,
    progress: ProgressCallback,
) -> TrialDecks:
    """Deal decks to a random sample of customers; return list overlap and decoy balance.

    `baseline` is the name of a baseline, or a second model version.
    """
    # the size of a random sample varies: draw twice as many, keep TRIAL_CUSTOMERS
    share = min(1.0, 2 * TRIAL_CUSTOMERS / max(1, recommender.event_store.customers))
    customers = list(islice(recommender.event_store.customer_ids(share, seed), TRIAL_CUSTOMERS))
    shared_counts: Counter[int] = Counter()
    popularity_pairs: list[tuple[float, float]] = []
    for count, customer in enumerate(customers, start=1):
        cards = _trial_deck(recommender, customer, policy, baseline, count)
        if cards:
            shared_counts[
                sum({Source.PICK, Source.BASELINE} <= card.sources for card in cards)
            ] += 1
            popularity_pairs += _popularity_pairs(cards)
        if count % 25 == 0 or count == len(customers):
            progress(WorkStage.DEALING_TRIALS, count / len(customers))
    picks, decoys = [pick for pick, _ in popularity_pairs], [decoy for _, decoy in popularity_pairs]
    counts = tuple(shared_counts[n] for n in range(policy.deck.picks + 1))
    return TrialDecks(shared_counts.total(), counts, standardized_difference(picks, decoys))


def _trial_deck(
    recommender: Recommender, customer: str, policy: Policy, baseline: Recommender | str, seed: int
) -> tuple[Card, ...]:
    """Return a trial deck; () if the history is too short or the shop is too small."""
    # lengths of the lists of model and baseline; decoys are not in the model's list
    lengths = (policy.decoy_depth * policy.deck.picks, policy.deck.picks)
    try:
        evidence = recommender.evidence_of(customer)
        if len(evidence) < policy.least_brands:
            return ()
        if isinstance(baseline, str):
            candidate_lists = recommender.candidate_lists(
                evidence, recommender.baseline(baseline), lengths, ()
            )
        else:
            # the model fills the place of the baseline list; `replace` puts the challenger's there
            challenger_scores = baseline.rank(baseline.evidence_of(customer), lengths[1])
            candidate_lists = recommender.candidate_lists(evidence, recommender.model, lengths, ())
            candidate_lists = replace(
                candidate_lists, baseline=[score.brand for score in challenger_scores]
            )
        return deal_deck(candidate_lists, recommender.brand_pool, policy.deck, seed)
    except (NotEnoughBrandsError, NotEnoughHistoryError):
        return ()


def _popularity_pairs(cards: tuple[Card, ...]) -> Iterator[tuple[float, float]]:
    by_position = {card.position: card for card in cards}
    for card in cards:
        if card.role is CardRole.MATCHED_DECOY and card.partner is not None:
            yield log1p(by_position[card.partner].popularity), log1p(card.popularity)


@dataclass(frozen=True, slots=True)
class StudyAssumptions:
    """Assumed ICC and drop-out (0 to 1), and their source: "assumed" or the name of a study."""

    icc: float
    drop_out: float
    source: str


def resolve_assumptions(
    earlier: StudyStatus | None, icc: float | None, drop_out: float | None
) -> StudyAssumptions:
    """Return ICC and drop-out: the given values, else those of an earlier study, else the defaults.

    Raises BadInputError if the earlier study has published too little.
    """
    default = PowerAssumptions(0.85, 0.7, 0.35)
    if earlier is None:
        return StudyAssumptions(
            _given_or(icc, default.icc), _given_or(drop_out, default.drop_out), "assumed"
        )
    cards, completion = earlier.report.cards, earlier.report.players.completion
    if cards is None or completion is None:
        raise BadInputError(
            f"{earlier.row.name} has published too little to plan from: plan without --like."
        )
    measured = (min(max(cards.icc, 0.0), 0.99), round(1 - completion, 2))
    return StudyAssumptions(
        _given_or(icc, measured[0]), _given_or(drop_out, measured[1]), earlier.row.name
    )


def _given_or(given: float | None, default: float) -> float:
    return default if given is None else given


def plan_study(
    policy: Policy,
    alpha: float,
    sample: TrialDecks,
    assumption_list: list[PowerAssumptions],
    seed: int,
    progress: ProgressCallback,
) -> StudyPlan:
    """Simulate whole studies under each set of assumptions, and return the plan."""
    scenarios = []
    for index, assumptions in enumerate(assumption_list, start=1):
        scenarios.append(simulate_scenario(policy, assumptions, alpha, seed + index))
        progress(WorkStage.SIMULATING_STUDIES, index / len(assumption_list))
    return StudyPlan(
        policy.is_paired_comparison,
        smallest_panel_for_policy(policy, alpha),
        alpha,
        sample,
        tuple(scenarios),
    )


DEFAULT_PLAYERS = 2_000


@dataclass(frozen=True, slots=True)
class SimulatedStudyPower:
    """The result of a simulated study of a version, and the power of resampled studies."""

    panel: str
    players: int  # simulated employees that finished a deck; some decks do not count
    hit_rate: float  # mean score of the first criterion over the decks that count, 0 to 1
    outcome: str  # verdict of the simulated study, with its decks in the order of play
    decided_after: int | None  # counted decks when the gate decided; None while undecided
    reason: str
    power: PowerEstimate


def powered_to_row(found: SimulatedStudyPower) -> dict[str, Any]:
    """Return the JSON data of a job's result."""
    return {
        "panel": found.panel,
        "players": found.players,
        "hit_rate": found.hit_rate,
        "outcome": found.outcome,
        "decided_after": found.decided_after,
        "reason": found.reason,
        "power": power_to_row(found.power),
    }


def simulate_power(
    workspace: Workspace,
    version: ModelVersion,
    panel_name: str,
    players: int,
    seed: int,
    progress: ProgressCallback,
) -> SimulatedStudyPower:
    """Let simulated employees of a panel play, and resample studies from their scores.

    Raises WorkspaceError if the shop is not planted, UnknownNameError for an unknown panel,
    NotEnoughError if no deck counts.
    """
    behavior, raters = rater_panel(panel_name), RaterPool.of(workspace.folder)
    store = StudyStore()
    try:
        row = _open_simulated_study(store, workspace.policy, version)
        game = Game(store, load_recommender(workspace, version.hash), row)
        players_done = 0
        for players_done in raters.play(game, workspace.keys, players, seed, behavior):
            progress(WorkStage.EMPLOYEES_PLAY, players_done / players)
        scores = _counted_scores(store, row, workspace.policy)
        result = study_status(store, row)
    finally:
        store.close()
    if not len(scores):
        raise NotEnoughError("Nobody could be dealt a deck that counts: import longer histories.")
    decided = result.verdict.outcome is not Outcome.UNDECIDED
    return SimulatedStudyPower(
        panel=panel_name,
        players=players_done,
        hit_rate=float(scores[:, 0].mean()),
        outcome=result.verdict.outcome.value,
        decided_after=result.verdict.n if decided else None,
        reason=verdict_text("en", result.verdict),
        power=resample_power(scores, workspace.policy, workspace.policy.alpha, seed),
    )


def _open_simulated_study(store: StudyStore, policy: Policy, version: ModelVersion) -> StudyRow:
    return open_study(
        store, "power", StudyKind.SIMULATED, policy, version.hash, DEFAULT_BASELINE, 1
    )


def _counted_scores(
    store: StudyStore, row: StudyRow, policy: Policy
) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Return the scores of the decks that count, (n_people, n_criteria), as in the policy."""
    names = [criterion.name for criterion in policy.criteria]
    stored = [
        closing.score for closing in store.decks.closings(row.hash) if closing.score is not None
    ]
    rows = [[score_to_row(score_of(score))[name] for name in names] for score in stored]
    return np.array(rows, np.float64).reshape(len(rows), len(names))
