"""Power of a study: how many people a verdict takes, by simulation from assumed shares."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from recsys.errors import BadInputError
from recsys.stats import (
    FRACTIONS,
    Floats,
    graded_auc,
    log_mean_exp,
    log_steps,
    safe_divide,
    study_outcomes,
    unit_scores,
)
from recsys.study.policy import Policy
from recsys.study.scoring import GRADES, difference_score

N_STUDIES = 400
"""Number of simulated studies per scenario."""
SCENARIO_HORIZON = 1000
"""Number of counted people after which a simulated study ends undecided."""
PEOPLE_PER_CHUNK = 50
"""Number of people that are simulated together; small, as most studies decide early."""
BETA_GRID_SIZE = 512


@dataclass(frozen=True, slots=True)
class PowerAssumptions:
    """Assumptions about the participants of a study; shares from 0 to 1."""

    precision: float  # liked share of the picks
    baseline: float  # liked share of brands on the list of the baseline or challenger only
    decoys: float  # liked share of the matched decoys
    icc: float = 0.1  # intra-class correlation of one person's answers
    drop_out: float = 0.05  # share of unfinished decks; some of them count all the same
    super_like: float = 0.3  # share of liked cards that are super-liked, whatever their source
    shared: tuple[float, ...] = (0.0, 0.0, 0.0, 0.1, 0.2, 0.3, 0.2, 0.1, 0.1)
    """Shares of people by the number of brands that are on both lists: 0, 1, 2, ..."""

    def __post_init__(self) -> None:
        names = ("precision", "baseline", "decoys", "icc", "drop_out", "super_like")
        for name in names:
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise BadInputError(f"{name} is {value}; give a share from 0 to 1.")
        if self.icc >= 1 or self.drop_out >= 1:
            raise BadInputError("icc and drop_out must stay below 1.")


@dataclass(frozen=True, slots=True)
class PowerScenario:
    """Outcomes of the simulated studies. People are dealt decks, unfinished ones included."""

    assumptions: PowerAssumptions
    released: float  # share of studies that release within the horizon
    held: float  # share of studies that hold within the horizon
    median: int | None  # people until half of the studies have decided; None beyond the horizon
    most: int | None  # people until nine of ten studies have decided
    reason: str | None = None  # why no study can decide


REASON_INCOMPLETE = "fewer decks would be finished than the policy asks for"


def simulate_scenario(
    policy: Policy, assumptions: PowerAssumptions, alpha: float, seed: int
) -> PowerScenario:
    """Simulate studies under the assumptions, with a look after every batch."""
    if 1 - assumptions.drop_out < policy.completion:
        return PowerScenario(assumptions, 0.0, 0.0, None, None, REASON_INCOMPLETE)
    rng = np.random.default_rng(seed)
    stopped, released = _simulate_studies(policy, assumptions, alpha, rng)
    dealt_per_counted = 1 / (1 - assumptions.drop_out * _share_lost(policy))
    return PowerScenario(
        assumptions,
        float(released.mean()),
        float((~released & (stopped <= SCENARIO_HORIZON)).mean()),
        _people_dealt(stopped, 0.5, dealt_per_counted),
        _people_dealt(stopped, 0.9, dealt_per_counted),
    )


def _share_lost(policy: Policy) -> float:
    """Return the share of unfinished decks that do not count, if they end at a random card."""
    return min(1.0, policy.whole_blocks * policy.deck.block / policy.deck.cards)


def _people_dealt(stopped: NDArray[np.int64], share: float, dealt_per_counted: float) -> int | None:
    counted = int(np.quantile(stopped, share, method="higher"))
    return None if counted > SCENARIO_HORIZON else int(np.ceil(counted * dealt_per_counted))


def _simulate_studies(
    policy: Policy, assumptions: PowerAssumptions, alpha: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the number of counted people when each study decides, and whether it releases."""
    bars = [criterion.bar for criterion in policy.criteria]
    wealth = np.zeros((N_STUDIES, 2, len(bars), len(FRACTIONS)))
    stopped = np.full(N_STUDIES, SCENARIO_HORIZON + 1)
    released, undecided = np.zeros(N_STUDIES, dtype=np.bool_), np.arange(N_STUDIES)
    chunk = max(1, PEOPLE_PER_CHUNK // policy.batch) * policy.batch
    for start in range(0, SCENARIO_HORIZON, chunk):
        scores = _simulate_scores(policy, assumptions, (len(undecided), chunk), rng)
        logs = wealth[undecided, None] + batch_log_wealth(scores, bars, policy.batch).cumsum(axis=1)
        people = start + policy.batch * np.arange(1, logs.shape[1] + 1)
        released_at, held_at = stopping_decisions(logs, alpha, people >= policy.least_players)
        first_look = (released_at | held_at).argmax(axis=1)
        decided = (released_at | held_at).any(axis=1)
        stopped[undecided[decided]] = people[first_look[decided]]
        released[undecided[decided]] = released_at[decided, first_look[decided]]
        wealth[undecided] = logs[:, -1]
        undecided = undecided[~decided]
        if not len(undecided):
            break
    return stopped, released


def batch_log_wealth(scores: Floats, bars: Sequence[float], batch: int) -> Floats:
    """Return what each batch adds to the log wealth of each gambler.

    scores: (n_studies, n_people, n_criteria). Returns (n_studies, n_batches, 2, n_criteria, 32);
    on the axis of length 2, the bets above the bars come first, then the bets below.
    """
    bar = np.asarray(bars)
    steps = np.stack([log_steps(scores, bar), log_steps(1 - scores, 1 - bar)], axis=2)
    studies, people = scores.shape[:2]
    added: Floats = steps.reshape(studies, people // batch, batch, *steps.shape[2:]).sum(axis=2)
    return added


def stopping_decisions(
    logs: Floats, alpha: float, enough: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which looks release and which hold, (n_studies, n_batches) each.

    logs: sums of `batch_log_wealth` up to each look. enough: (n_batches,) whether
    `Policy.least_players` is reached.
    """
    wealth = log_mean_exp(logs)
    released, held = study_outcomes(wealth[:, :, 0], wealth[:, :, 1], alpha)
    return released & enough, held & enough


def _simulate_scores(
    policy: Policy, assumptions: PowerAssumptions, size: tuple[int, int], rng: np.random.Generator
) -> Floats:
    """Return scores of finished decks, (*size, n_criteria). size: (n_studies, n_people)."""
    deck, mood = policy.deck, rng.random(size)
    weights = np.array(assumptions.shared[: deck.picks + 1])
    n_shared = rng.choice(len(weights), size=size, p=weights / weights.sum())
    picks = _simulate_likes(assumptions.precision, assumptions.icc, mood, deck.picks, rng)
    n_baseline = deck.picks if policy.is_paired_comparison else deck.baseline
    baseline_cards = _simulate_likes(assumptions.baseline, assumptions.icc, mood, n_baseline, rng)
    decoys = _simulate_likes(assumptions.decoys, assumptions.icc, mood, deck.scored, rng)
    by_criterion = {
        "hit_rate": picks.mean(axis=-1),
        "discrimination": _graded_auc_scores(
            picks[..., : deck.scored], decoys, assumptions.super_like, rng
        ),
        "lift": _lift_scores(picks, baseline_cards, n_shared),
        "challenger": _comparison_scores(picks, baseline_cards, n_shared),
    }
    return unit_scores(np.stack([by_criterion[c.name] for c in policy.criteria], axis=-1))


def _simulate_likes(
    chance: float, icc: float, mood: Floats, cards: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Return which cards are liked, (n_studies, n_people, cards).

    A person's probability of a like is beta-distributed, with mean `chance` and intra-class
    correlation `icc`. `mood`, (n_studies, n_people), is the quantile in all of a person's
    distributions: a person with a high mood likes cards of every list more often.
    """
    chances = mood[..., None] * 0 + chance
    if icc > 0 and 0 < chance < 1:
        grid = (np.arange(BETA_GRID_SIZE) + 0.5) / BETA_GRID_SIZE
        spread = (1 - icc) / icc
        chances = np.interp(mood, grid, betaincinv(chance * spread, (1 - chance) * spread, grid))
        chances = chances[..., None]
    return np.asarray(rng.random((*mood.shape, cards)) < chances)


def _graded_auc_scores(
    picks: NDArray[np.bool_],
    decoys: NDArray[np.bool_],
    super_like_share: float,
    rng: np.random.Generator,
) -> Floats:
    """Return the graded AUC of each person; exactly .5 if the deck has no scored decoys."""
    pick_grades, decoy_grades = (
        _grade_counts(liked, rng.random(liked.shape) < super_like_share)
        for liked in (picks, decoys)
    )
    return np.nan_to_num(graded_auc(pick_grades, decoy_grades), nan=0.5)


def _grade_counts(liked: NDArray[np.bool_], super_liked: NDArray[np.bool_]) -> Floats:
    """Return the number of cards with each grade, (n_grades, n_studies, n_people)."""
    grades = liked * (1 + super_liked)
    return np.array([(grades == g).sum(axis=-1) for g in range(GRADES)], dtype=np.float64)


def _list_only(cards: NDArray[np.bool_], n_only: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which cards are on one list only: the first `n_only`; the last ones are on both."""
    return np.asarray(np.arange(cards.shape[-1]) < n_only[..., None])


def _lift_scores(
    picks: NDArray[np.bool_], baseline_cards: NDArray[np.bool_], n_shared: NDArray[np.int64]
) -> Floats:
    """Return the lift score of each person; exactly .5 if both lists are the same."""
    n_only = picks.shape[-1] - n_shared
    own, baseline = (
        safe_divide((cards & only).sum(axis=-1), only.sum(axis=-1))
        for cards, only in (
            (picks, _list_only(picks, n_only)),
            (baseline_cards, _list_only(baseline_cards, n_only)),
        )
    )
    return difference_score(own, baseline)


def _comparison_scores(
    picks: NDArray[np.bool_], challenger_cards: NDArray[np.bool_], n_shared: NDArray[np.int64]
) -> Floats:
    """Return the paired comparison score of each person; brands on both lists cancel out."""
    n_only = picks.shape[-1] - n_shared
    champion, challenger = (
        (liked & _list_only(liked, n_only)).mean(axis=-1) for liked in (picks, challenger_cards)
    )
    return difference_score(challenger, champion)
