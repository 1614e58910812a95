"""decks + swipes -> Report: what may be published, and nothing else.

Decks are published in batches that are fixed when full, in the order of closing. Everything here is
computed from published batches alone, and nothing with fewer people behind it than a cell.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import isfinite
from typing import Any

import numpy as np

from recsys.report.batches import (
    NOBODY,
    Batch,
    Closed,
    Funnel,
    Row,
    batch_to_row,
    funnel_to_row,
    left_out,
)
from recsys.report.confidence_sequence import RunPoint
from recsys.report.forecast import Forecast, forecast, forecast_to_row
from recsys.report.response_table import Sheet
from recsys.report.responses import MEASURES
from recsys.report.shown_measures import NOT_COMPUTED, REASON, Failure, ShownMeasures
from recsys.report.tables import (
    SegmentRow,
    ShareRow,
    Unit,
    arm_rows,
    beside,
    brand_rows,
    category_rows,
    mean_of,
    segment_rows,
    segment_to_row,
    share_to_row,
)
from recsys.report.tally import Book, enter, gated
from recsys.stats import (
    Estimate,
    Floats,
    Ratio,
    clustered_ratio,
    estimate_to_row,
    ratio_to_row,
    smallest_panel,
)
from recsys.study.parse_policy import criterion_to_row
from recsys.study.policy import Criterion, Policy, Study, StudyKind
from recsys.study.scoring import DeckScore, Excluded, Played, score

SCHEMA_VERSION = 3  # of the published form: it grows when a field goes or changes its meaning


@dataclass(frozen=True, slots=True)
class CriterionReport:
    """One criterion against its bar."""

    criterion: Criterion
    estimate: Estimate  # with the bounds that decide, in whole percents
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
    challenger: str | None  # the second version, in a duel
    baseline: str
    alpha: float
    smallest_panel: int  # people with perfect scores, under which nothing can release
    players: Funnel
    criteria: tuple[CriterionReport, ...]
    batches: tuple[Batch, ...]
    arms: tuple[ShareRow, ...]
    beside: Mapping[str, Estimate]
    cards: Ratio | None  # the hit rate over cards, with ICC and design effect
    early: Estimate  # hit rate of the first half of the batches; in a duel its score
    late: Estimate
    excluded: Mapping[Excluded, int | None]  # None: some, but fewer than a cell
    with_careless: Estimate  # hit rate with those left out by time, once they are a cell
    seconds: float | None  # mean over people of the median time of a card; None below a cell
    segments: Mapping[str, tuple[SegmentRow, ...]]  # those that the policy names
    brands: tuple[ShareRow, ...]
    categories: tuple[ShareRow, ...]
    forecast: Forecast
    failures: tuple[Failure, ...] = ()  # of what is shown and decides nothing: it reads unknown

    def lacks(self, *measures: str) -> bool:
        """Return whether one of these shown measures could not be computed."""
        return any(failure.measure in measures for failure in self.failures)

    def to_dict(self) -> dict[str, Any]:
        """Return what may leave the house, ready for JSON: whole percents, rounded wealths."""
        policy = {"hash": self.policy.hash, **self.policy.to_dict()}
        plain = {
            "study": self.study,
            "name": self.name,
            "kind": self.kind.value,
            "attempt": self.attempt,
            "policy": policy,
            "model": self.model,
            "challenger": self.challenger,
            "baseline": self.baseline,
            "alpha": self.alpha,
            "smallest_panel": self.smallest_panel,
            "players": funnel_to_row(self.players),
            "criteria": [_criterion_to_row(found) for found in self.criteria],
            "batches": [batch_to_row(batch) for batch in self.batches],
            "arms": [share_to_row(row) for row in self.arms],
            "beside": {name: _published(found) for name, found in self.beside.items()},
            "cards": None if self.cards is None else ratio_to_row(self.cards),
            "early": _published(self.early),
            "late": _published(self.late),
            "excluded": {why.value: people for why, people in self.excluded.items()},
            "with_careless": _published(self.with_careless),
            "seconds": self.seconds,
            "segments": {
                name: [segment_to_row(r) for r in of] for name, of in self.segments.items()
            },
            "brands": [share_to_row(row) for row in self.brands],
            "categories": [share_to_row(row) for row in self.categories],
            "forecast": forecast_to_row(self.forecast),
            "not_computed": [failure.measure for failure in self.failures],
        }
        rounded: dict[str, Any] = _rounded(plain)
        exact = {"schema_version": SCHEMA_VERSION, "policy": policy, "alpha": self.alpha}
        return {**rounded, **exact}


def _criterion_to_row(found: CriterionReport) -> dict[str, Any]:
    return {
        "criterion": {"name": found.criterion.name, **criterion_to_row(found.criterion)},
        "estimate": _published(found.estimate),
        "once": _published(found.once),
        "run": [point.to_dict() for point in found.run],
    }


def _published(estimate: Estimate) -> dict[str, Any]:
    return estimate_to_row(estimate.published())


def _rounded(value: Any) -> Any:
    """Return plain data with every number rounded to two digits; None for what is infinite."""
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
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
    """Return the report of a study, read anew.

    `closed` is in the order of closing, withdrawn scores in the places of their decks. A batch
    out of which somebody is forgotten gives its scores to the criteria, and nothing to the tables.
    `open_dealt_at` says when those decks were dealt that are still open and could count; `earlier`
    is that of `sorted_out`.
    """
    return report_of(enter(Book(), study, closed, earlier, open_dealt_at), study, seed)


def report_of(book: Book, study: Study, seed: int = 0) -> Report:
    """Return the report of what was read so far."""
    policy, sheet, alpha = study.policy, book.sheet, study.alpha
    unit = Unit(policy.batch, policy.cell)
    left = replace(unit, lost=book.lost)
    shown = ShownMeasures()
    compute, bars = shown.compute, [c.bar for c in policy.criteria]
    scores = gated(book.scores, policy)
    rates = scores[0] if policy.is_duel else book.scores[0]
    half = len(rates) // policy.batch // 2 * policy.batch
    published = book.rows[: book.published]
    return Report(
        study=study.hash,
        name=study.name,
        kind=study.kind,
        attempt=study.attempt,
        policy=policy,
        model=study.model,
        challenger=study.challenger,
        baseline=study.baseline,
        alpha=alpha,
        smallest_panel=smallest_release(study),
        players=Funnel.of(book.players, unit),
        criteria=tuple(_criteria(scores, book, study, left, shown)),
        batches=book.batches,
        arms=compute("arms", lambda: arm_rows(sheet, left), ()),
        beside=compute(
            "beside",
            lambda: beside(sheet, alpha, left, shown, decoys=policy.deck.scored > 0),
            dict.fromkeys(MEASURES, NOT_COMPUTED),
        ),
        cards=compute("cards", lambda: _cards(sheet, left), None),
        early=compute("early", lambda: mean_of(rates[:half], alpha, unit), NOT_COMPUTED),
        late=compute("late", lambda: mean_of(rates[half:], alpha, unit), NOT_COMPUTED),
        excluded=compute("excluded", lambda: left_out(published, unit), {}),
        with_careless=compute(
            "with_careless", lambda: _with_careless(published, study, unit), NOT_COMPUTED
        ),
        seconds=compute("seconds", lambda: _seconds(sheet, left), None),
        segments=compute(
            "segments",
            lambda: segment_rows(sheet, policy.segments, left),
            dict.fromkeys(policy.segments, ()),
        ),
        brands=compute("brands", lambda: brand_rows(sheet, left), ()),
        categories=compute("categories", lambda: category_rows(sheet, left), ()),
        forecast=compute(
            "forecast",
            lambda: forecast(scores, bars, alpha, policy.batch, seed),
            Forecast(None, None, REASON),
        ),
        failures=tuple(shown.failures),  # the last: every measure above is computed by now
    )


def smallest_release(study: Study) -> int:
    """Return how many people it takes to release with perfect scores: fewer never can."""
    return smallest_panel_of(study.policy, study.alpha)


def smallest_panel_of(policy: Policy, alpha: float) -> int:
    """Return the same of a policy, before there is a study."""
    panels = [smallest_panel(criterion.bar, alpha) for criterion in policy.criteria]
    return max(policy.least_players, *panels)


def _criteria(
    scores: Floats, book: Book, study: Study, unit: Unit, shown: ShownMeasures
) -> Iterator[CriterionReport]:
    policy, n = study.policy, scores.shape[1]
    for criterion, x, points in zip(policy.criteria, scores, book.runs, strict=True):
        if n < policy.cell:
            unknown = Estimate.unknown(f"fewer than {policy.cell} people", n)
            yield CriterionReport(criterion, unknown, unknown, ())
            continue
        last = points[-1]
        estimate = Estimate(last.mean, last.low, last.high, n, "betting")
        look = partial(_once, criterion, x, book.sheet, unit, study.alpha)
        once = shown.compute(f"once_{criterion.name}", look, NOT_COMPUTED)
        yield CriterionReport(criterion, estimate, once, points)


def _once(criterion: Criterion, scores: Floats, sheet: Sheet, unit: Unit, alpha: float) -> Estimate:
    """Return the interval that would hold had this been the only look."""
    ratio = _cards(sheet, unit) if criterion.name == "hit_rate" else None
    ratio = ratio or clustered_ratio(scores, np.ones(len(scores)))
    assert ratio is not None  # a cell has at least two people
    low, high = ratio.interval(alpha)
    return Estimate(ratio.value, low, high, ratio.people, "cluster-robust, one look")


def _cards(sheet: Sheet, unit: Unit) -> Ratio | None:
    people = unit.whole(len(sheet.ids))
    return clustered_ratio(sheet.hits[:people], sheet.picks[:people])


def _seconds(sheet: Sheet, unit: Unit) -> float | None:
    known = sheet.seconds[~np.isnan(sheet.seconds)]
    people = unit.whole(len(known))
    return float(known[:people].mean()) if people else None


def _with_careless(published: Sequence[Row], study: Study, unit: Unit) -> Estimate:
    """Return the mean of `early` and `late` with those left out by time, once they are a cell."""
    both = [row for row in published if row.why in (None, Excluded.TOO_FAST)]
    if sum(row.why is not None for row in both) < unit.cell:
        return Estimate.unknown(f"fewer than {unit.cell} people were left out")
    known = [row.deck for row in both if not isinstance(row.deck, Excluded)]
    if len(known) < len(both):
        return Estimate.unknown("somebody who was left out is forgotten")
    scores = [_score(deck) for deck in known]
    rates = [deck.challenger if study.policy.is_duel else deck.hit_rate for deck in scores]
    return mean_of(np.array(rates), study.alpha, unit)


def _score(deck: Played | DeckScore) -> DeckScore:
    return deck if isinstance(deck, DeckScore) else score(deck)
