"""decks + swipes -> Report: what may be published, and nothing else.

Decks are published in batches that are fixed when full, in the order of closing. Everything here is
computed from published batches alone, and nothing with fewer people behind it than a cell.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, is_dataclass
from math import isfinite, log
from typing import Any

import numpy as np

from recsys.counting import (
    NOBODY,
    Batch,
    Closed,
    Players,
    Row,
    batches_of,
    ends,
    left_out,
    players_at,
    sorted_out,
)
from recsys.deck import Stratum
from recsys.forecast import Forecast, forecast
from recsys.policy import Criterion, Policy, Study, StudyKind
from recsys.scores import DeckScore, Excluded, Played, score
from recsys.stats import (
    Estimate,
    Floats,
    Ratio,
    betting_estimate,
    clustered_ratio,
    log_wealth_lower,
    log_wealth_upper,
    lower_percents,
    smallest_panel,
    upper_percents,
)
from recsys.tables import Hand, ShareRow, arm_rows, beside, brand_rows, category_rows, mean_of

SCHEMA_VERSION = 1
"""Of the published form. It grows when a field goes or changes its meaning."""


@dataclass(frozen=True, slots=True)
class RunPoint:
    """One criterion after one batch. The bounds are whole percents, rounded outward."""

    n: int
    mean: float
    low: float
    high: float
    log_lower: float  # natural log of the wealth of the bet "above the bar"
    log_upper: float  # and of the bet "below the bar"

    def to_dict(self) -> dict[str, float]:
        """Return what may be published: the wealths as two digits of their decimal logarithm."""
        wealths = {"log10_lower": self.log_lower, "log10_upper": self.log_upper}
        shares = {"mean": self.mean, "low": self.low, "high": self.high}
        rounded = {name: round(share, 2) for name, share in shares.items()}
        return {"n": self.n, **rounded, **{k: round(w / log(10), 2) for k, w in wealths.items()}}


@dataclass(frozen=True, slots=True)
class CriterionReport:
    """One criterion against its bar."""

    criterion: Criterion
    estimate: Estimate  # with the bounds that decide
    once: Estimate  # had this been the only look; never decides
    run: tuple[RunPoint, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All that leaves a study. It holds no row of a person and no score of a deck."""

    study: str  # hash
    name: str
    kind: StudyKind
    attempt: int
    policy: Policy
    model: str
    baseline: str
    alpha: float
    smallest_panel: int  # people with perfect scores, under which nothing can release
    players: Players
    criteria: tuple[CriterionReport, ...]
    batches: tuple[Batch, ...]
    arms: tuple[ShareRow, ...]
    beside: Mapping[str, Estimate]
    cards: Ratio | None  # the hit rate over cards, with ICC and design effect
    early: Estimate  # hit rate of the first half of the batches
    late: Estimate
    excluded: Mapping[Excluded, int | None]  # None: some, but fewer than a cell
    with_careless: Estimate  # hit rate with those left out by time, once they are a cell
    brands: tuple[ShareRow, ...]
    categories: tuple[ShareRow, ...]
    forecast: Forecast

    def to_dict(self) -> dict[str, Any]:
        """Return what may leave the house, ready for JSON: whole percents, rounded wealths."""
        plain: dict[str, Any] = _plain(self)
        plain["schema_version"] = SCHEMA_VERSION
        plain["policy"] = {"hash": self.policy.hash, **self.policy.to_dict()}
        plain["alpha"] = self.alpha
        return plain


def _plain(value: Any) -> Any:
    """Return plain data of a value, every number of it rounded to two digits."""
    if isinstance(value, RunPoint):
        return value.to_dict()
    if isinstance(value, Estimate):
        return dict(zip(Estimate.__slots__, astuple(value.published()), strict=True))
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return round(value, 2) if isfinite(value) else None
    return value


def tally(
    study: Study,
    closed: Iterable[Closed],
    open_dealt_at: Iterable[int] = (),
    seed: int = 0,
    earlier: Mapping[str, int] = NOBODY,
) -> Report:
    """Return the report of a study.

    `closed` is in the order of closing, withdrawn scores in the places of their decks.
    `open_dealt_at` says when those decks were dealt that are still open and could count; `earlier`
    is that of `sorted_out`.
    """
    policy, cell = study.policy, study.policy.cell
    rows = sorted_out(closed, study, earlier)
    stops = ends(rows, policy.batch)
    players = players_at(rows, stops, open_dealt_at)
    published = rows[: stops[-1]] if stops else []
    counted = [deck for deck, reason in published if reason is None]
    scored = [_score(deck) for deck in counted]
    scores = _matrix(scored, policy.criteria)
    half = len(stops) // 2 * policy.batch
    hands = [Hand.of(deck) for deck in counted if isinstance(deck, Played)]
    shown = hands if len(hands) >= cell else []
    return Report(
        study=study.hash,
        name=study.name,
        kind=study.kind,
        attempt=study.attempt,
        policy=policy,
        model=study.model,
        baseline=study.baseline,
        alpha=study.alpha,
        smallest_panel=smallest_release(study),
        players=players[-1] if players else Players(0, 0, 0, 0, 0),
        criteria=tuple(_criteria(scores, shown, study)),
        batches=batches_of(rows, stops, players, policy),
        arms=arm_rows(shown, cell),
        beside=beside(shown, study.alpha, cell),
        cards=_cards(shown),
        early=_hit_rate(scored[:half], study),
        late=_hit_rate(scored[half:], study),
        excluded=left_out(published, cell),
        with_careless=_with_careless(published, study),
        brands=brand_rows(shown, cell),
        categories=category_rows(shown, cell),
        forecast=forecast(
            scores, [c.bar for c in policy.criteria], study.alpha, policy.batch, seed
        ),
    )


def _score(deck: Closed) -> DeckScore:
    return deck if isinstance(deck, DeckScore) else score(deck)


def smallest_release(study: Study) -> int:
    """Return how many people it takes to release with perfect scores: fewer never can."""
    panels = [smallest_panel(c.bar, study.alpha) for c in study.policy.criteria]
    return max(study.policy.least_players, *panels)


def _matrix(scored: Sequence[DeckScore], criteria: Sequence[Criterion]) -> Floats:
    """Return the scores, shape (criteria, people)."""
    rows = [[getattr(s, criterion.name) for s in scored] for criterion in criteria]
    return np.array(rows, dtype=np.float64).reshape(len(criteria), len(scored))


def _criteria(scores: Floats, hands: Sequence[Hand], study: Study) -> Iterator[CriterionReport]:
    policy, n = study.policy, scores.shape[1]
    for criterion, x in zip(policy.criteria, scores, strict=True):
        if n < policy.cell:
            unknown = Estimate.unknown(f"fewer than {policy.cell} people", n)
            yield CriterionReport(criterion, unknown, unknown, ())
            continue
        estimate = betting_estimate(x, study.alpha, len(policy.criteria))
        ratio = _cards(hands) if criterion.name == "hit_rate" else None
        once = _once(ratio or clustered_ratio(x, np.ones(n)), study.alpha)
        yield CriterionReport(criterion, estimate, once, tuple(_run(x, criterion.bar, study)))


def _once(ratio: Ratio | None, alpha: float) -> Estimate:
    """Return the interval that would hold had this been the only look."""
    assert ratio is not None  # a cell has at least two people
    low, high = ratio.interval(alpha)
    return Estimate(ratio.value, low, high, ratio.people, "cluster-robust, one look")


def _run(x: Floats, bar: float, study: Study) -> Iterator[RunPoint]:
    policy = study.policy
    stops = [n for n in range(policy.batch, len(x) + 1, policy.batch) if n >= policy.cell]
    at = np.array(stops) - 1
    columns = (
        np.cumsum(x)[at] / stops,
        lower_percents(x, stops, study.alpha) / 100,
        upper_percents(x, stops, study.alpha / len(policy.criteria)) / 100,
        log_wealth_lower(x, bar)[at],
        log_wealth_upper(x, bar)[at],
    )
    for n, *values in zip(stops, *(column.tolist() for column in columns), strict=True):
        yield RunPoint(n, *values)


def _cards(hands: Sequence[Hand]) -> Ratio | None:
    picks = [[a.liked for c, a in hand.heard if c.stratum is Stratum.PICK] for hand in hands]
    return clustered_ratio([sum(p) for p in picks], [len(p) for p in picks])


def _hit_rate(scored: Iterable[DeckScore], study: Study) -> Estimate:
    return mean_of([s.hit_rate for s in scored], study.alpha, study.policy.cell)


def _with_careless(published: Sequence[Row], study: Study) -> Estimate:
    fast = [deck for deck, reason in published if reason is Excluded.TOO_FAST]
    if len(fast) < study.policy.cell:
        return Estimate.unknown(f"fewer than {study.policy.cell} people were left out")
    both = [_score(d) for d, reason in published if reason in (None, Excluded.TOO_FAST)]
    return _hit_rate(both, study)
