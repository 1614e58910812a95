"""Build the report of a study, from published batches only.

Batches are filled in the order of closing and never change when full. No number has fewer people
behind it than `Policy.cell`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from recsys.disclosure import DisclosureRule
from recsys.report.batches import (
    NO_EARLIER_DECKS,
    ClassifiedDeck,
    ClosedDeck,
    ParticipantFunnel,
    exclusion_counts,
)
from recsys.report.card_measures import SECONDARY_METRICS
from recsys.report.forecast import Forecast, forecast
from recsys.report.report_data import CriterionReport, Report
from recsys.report.response_table import ResponseTable
from recsys.report.shown_measures import NOT_COMPUTED, REASON, ShownMeasures
from recsys.report.tables import (
    brand_rows,
    card_group_rows,
    category_rows,
    mean_of,
    secondary_metrics,
    segment_rows,
)
from recsys.report.tally import Tally, policy_scores, tally_decks
from recsys.stats import ClusteredProportion, Estimate, Floats, clustered_proportion, smallest_panel
from recsys.study.criteria import Criterion
from recsys.study.exclusions import ExclusionReason
from recsys.study.policy import Policy, Study
from recsys.study.scoring import DeckScore, score_deck
from recsys.study.swipes import CompletedDeck


def build_report(
    study: Study,
    closed: Iterable[ClosedDeck],
    open_dealt_at: Iterable[int] = (),
    seed: int = 0,
    earlier: Mapping[str, int] = NO_EARLIER_DECKS,
) -> Report:
    """Return the report of a study.

    Parameters
    ----------
    study, closed, open_dealt_at, earlier
        As in `tally_decks`.
    seed
        Random seed of the forecast.
    """
    return report_from_tally(tally_decks(study, closed, earlier, open_dealt_at), study, seed)


def report_from_tally(tally: Tally, study: Study, seed: int = 0) -> Report:
    """Return the report of the published batches.

    A batch with a forgotten participant adds its scores to the criteria, and nothing to the tables.
    `seed` is the random seed of the forecast.
    """
    policy, table, alpha = study.policy, tally.table, study.alpha
    rule = policy.disclosure
    table_rule = replace(rule, lost_batches=tally.lost_batches)
    shown = ShownMeasures()
    compute, bars = shown.compute, [c.bar for c in policy.criteria]
    scores = policy_scores(tally.scores, policy)
    gated_rates = scores[0] if policy.is_paired_comparison else tally.scores[0]
    half_count = len(gated_rates) // policy.batch // 2 * policy.batch
    published_decks = tally.published
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
        smallest_panel=smallest_panel_for_study(study),
        players=ParticipantFunnel.from_counts(tally.participant_counts, rule),
        criteria=tuple(_criterion_reports(scores, tally, study, table_rule, shown)),
        batches=tally.batches,
        arms=compute("arms", lambda: card_group_rows(table, table_rule), ()),
        secondary_metrics=compute(
            "beside",
            lambda: secondary_metrics(
                table, alpha, table_rule, shown, decoys=policy.deck.scored > 0
            ),
            dict.fromkeys(SECONDARY_METRICS, NOT_COMPUTED),
        ),
        cards=compute("cards", lambda: _clustered_precision(table, table_rule), None),
        early=compute(
            "early", lambda: mean_of(gated_rates[:half_count], alpha, rule), NOT_COMPUTED
        ),
        late=compute("late", lambda: mean_of(gated_rates[half_count:], alpha, rule), NOT_COMPUTED),
        excluded=compute("excluded", lambda: exclusion_counts(published_decks, rule), {}),
        with_careless=compute(
            "with_careless",
            lambda: _estimate_with_too_fast(published_decks, study, rule),
            NOT_COMPUTED,
        ),
        seconds=compute("seconds", lambda: _mean_seconds(table, table_rule), None),
        segments=compute(
            "segments",
            lambda: segment_rows(table, policy.segments, table_rule),
            dict.fromkeys(policy.segments, ()),
        ),
        brands=compute("brands", lambda: brand_rows(table, table_rule), ()),
        categories=compute("categories", lambda: category_rows(table, table_rule), ()),
        forecast=compute(
            "forecast",
            lambda: forecast(scores, bars, alpha, policy.batch, seed),
            Forecast(None, None, REASON),
        ),
        failures=tuple(shown.failures),  # last: the measures above add to it
    )


def smallest_panel_for_study(study: Study) -> int:
    """Return how many people a release takes if all scores are perfect; fewer never release."""
    return smallest_panel_for_policy(study.policy, study.alpha)


def smallest_panel_for_policy(policy: Policy, alpha: float) -> int:
    """Return the same number for a policy and its error rate, before a study is opened."""
    panels = [smallest_panel(criterion.bar, alpha) for criterion in policy.criteria]
    return max(policy.least_players, *panels)


def _criterion_reports(
    scores: Floats, tally: Tally, study: Study, rule: DisclosureRule, shown: ShownMeasures
) -> Iterator[CriterionReport]:
    policy, n = study.policy, scores.shape[1]
    for criterion, criterion_scores, points in zip(
        policy.criteria, scores, tally.sequences, strict=True
    ):
        if n < policy.cell:
            unknown = Estimate.unknown(f"fewer than {policy.cell} people", n)
            yield CriterionReport(criterion, unknown, unknown, ())
            continue
        last = points[-1]
        estimate = Estimate(last.mean, last.low, last.high, n, "betting")
        compute_single_look = partial(
            _single_look_estimate, criterion, criterion_scores, tally.table, rule, study.alpha
        )
        single_look = shown.compute(f"once_{criterion.name}", compute_single_look, NOT_COMPUTED)
        yield CriterionReport(criterion, estimate, single_look, points)


def _single_look_estimate(
    criterion: Criterion, scores: Floats, table: ResponseTable, rule: DisclosureRule, alpha: float
) -> Estimate:
    """Return the interval that would be valid if this was the only look at the data."""
    proportion = _clustered_precision(table, rule) if criterion.name == "hit_rate" else None
    proportion = proportion or clustered_proportion(scores, np.ones(len(scores)))
    assert proportion is not None  # None is for fewer than two people; Policy.cell is 10 or more
    low, high = proportion.interval(alpha)
    return Estimate(proportion.value, low, high, proportion.people, "cluster-robust, one look")


def _clustered_precision(table: ResponseTable, rule: DisclosureRule) -> ClusteredProportion | None:
    n_people = rule.publishable(len(table.ids))
    return clustered_proportion(table.hits[:n_people], table.picks[:n_people])


def _mean_seconds(table: ResponseTable, rule: DisclosureRule) -> float | None:
    known_seconds = table.seconds[~np.isnan(table.seconds)]
    n_people = rule.publishable(len(known_seconds))
    return float(known_seconds[:n_people].mean()) if n_people else None


def _estimate_with_too_fast(
    published_decks: Sequence[ClassifiedDeck], study: Study, rule: DisclosureRule
) -> Estimate:
    """Return the mean with the decks that are excluded as TOO_FAST, if they are a whole group.

    The values are those of `Report.early` and `Report.late`.
    """
    counted_or_too_fast = [
        row for row in published_decks if row.exclusion in (None, ExclusionReason.TOO_FAST)
    ]
    if sum(row.exclusion is not None for row in counted_or_too_fast) < rule.min_group_size:
        return Estimate.unknown(f"fewer than {rule.min_group_size} people were left out")
    readable = [
        row.deck for row in counted_or_too_fast if not isinstance(row.deck, ExclusionReason)
    ]
    if len(readable) < len(counted_or_too_fast):
        return Estimate.unknown("the data of somebody who was left out is erased")
    scores = [_deck_score(deck) for deck in readable]
    rates = [
        deck.challenger if study.policy.is_paired_comparison else deck.precision for deck in scores
    ]
    return mean_of(np.array(rates), study.alpha, rule)


def _deck_score(deck: CompletedDeck | DeckScore) -> DeckScore:
    return deck if isinstance(deck, DeckScore) else score_deck(deck)
