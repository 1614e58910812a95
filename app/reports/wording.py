"""Numbers and sentences of the report as the page shows them: whole percents, lift in points."""

from math import floor

from app.presentation.i18n import format_day, format_percent, section_texts, translate
from app.presentation.verdict_text import too_small_text, verdict_text
from app.study.results import StudyStatus
from recsys.report.gate import (
    CriterionVerdict,
    Outcome,
    Verdict,
    VerdictFacts,
    VerdictReason,
    make_verdict,
)
from recsys.report.report_data import Report
from recsys.stats import Estimate
from recsys.study.criteria import DIFFERENCES, Criterion
from recsys.study.policy import Policy

BASELINE_MEASURES = ("hit_rate", "discrimination", "new_hit_rate", "new_discrimination")
"""The measures in which the baseline is compared with the model, in the order of the page."""


def percent_or_points(criterion: str, share: float) -> int:
    """Return a share in whole percents. A difference d, stored as (1 + d) / 2, is in points."""
    return round(200 * share - 100) if criterion in DIFFERENCES else round(100 * share)


def format_criterion_value(language: str, criterion: str, share: float | None) -> str:
    """Format the value of a criterion: 83%, or +30 (points, without the word)."""
    if share is None:
        return "–"
    if criterion not in DIFFERENCES:
        return format_percent(language, share)
    points = percent_or_points(criterion, share)
    return f"{points:+d}".replace("-", "−") if points else "0"


def format_with_bounds(language: str, criterion: str, value: float, low: float, high: float) -> str:
    """Format an estimate with its bounds."""
    unit = "points" if criterion in DIFFERENCES else "percent"
    formatted = {
        name: format_criterion_value(language, criterion, share)
        for name, share in (("value", value), ("low", low), ("high", high))
    }
    return translate(language, f"report.value_{unit}", **formatted)


def format_estimate(language: str, estimate: Estimate, criterion: str = "share") -> str:
    """Format an estimate of a criterion with its bounds, rounded for publication."""
    published = estimate.published()
    if published.value is None or published.low is None or published.high is None:
        return "–"
    return format_with_bounds(language, criterion, published.value, published.low, published.high)


def report_text(language: str, policy: Policy, key: str, **values: object) -> str:
    """Return a text of the report; a policy that compares two versions has its own wording."""
    return translate(
        language, f"report.{key}{'_duel' if policy.is_paired_comparison else ''}", **values
    )


STATE_OUTCOMES = {"passed": "release", "failed": "hold", "open": "undecided"}
"""State of a criterion -> the outcome that lends it color and sign."""


def criterion_state(criterion: CriterionVerdict) -> str:
    """Return the text key of a criterion's state."""
    return "passed" if criterion.passed else "failed" if criterion.failed else "open"


def bounds_confidence(report: Report) -> float:
    """Return the confidence (0 to 1) of a pair of deciding bounds, rounded down to a percent."""
    return floor(100 * (1 - report.alpha - report.alpha / len(report.criteria)) + 1e-9) / 100


def criterion_sentence(language: str, criterion: CriterionVerdict) -> str:
    """Return a criterion in one sentence, for people who cannot see its chart."""
    name = translate(language, f"report.{criterion.name}")
    formatted = {
        key: format_criterion_value(language, criterion.name, share)
        for key, share in (
            ("value", criterion.value),
            ("low", criterion.low),
            ("high", criterion.high),
            ("bar", criterion.bar),
        )
    }
    return translate(language, "report.interval_said", name=name, **formatted)


def baseline_pairs(report: Report) -> list[tuple[str, Estimate, Estimate]]:
    """Return (measure, model, baseline) for each measure that is known of both.

    The baseline's whole list is compared with the decoys, and so is the model's whole list.
    """
    model_estimates = dict(report.secondary_metrics) | {
        "discrimination": report.secondary_metrics["auc_of_all_picks"]
    }
    model_estimates |= {
        c.criterion.name: c.estimate for c in report.criteria if c.criterion.name == "hit_rate"
    }
    baseline_names = {name: f"rival_{name}" for name in BASELINE_MEASURES[:2]}
    baseline_names |= {f"new_{name}": f"new_rival_{name}" for name in BASELINE_MEASURES[:2]}
    pairs = [
        (name, model_estimates.get(name), report.secondary_metrics[baseline_names[name]])
        for name in BASELINE_MEASURES
    ]
    return [
        (name, mine, theirs)
        for name, mine, theirs in pairs
        if mine is not None and mine.value is not None and theirs.value is not None
    ]


def baseline_name(language: str, baseline: str) -> str:
    """Return the name of a baseline in words; its own name if there are none."""
    named_baselines = {"popularity", "own-purchases-then-views"}
    if baseline not in named_baselines:
        return baseline
    return translate(language, f"report.rival_{baseline.replace('-', '_')}")


def verdict_sentence(language: str, result: StudyStatus) -> str:
    """Return the text of the verdict without its first words, which are shown above it.

    For a closed study it has no forecast, because nobody can play in the study any more.
    """
    shown_verdict = result.verdict
    if shown_verdict.why is VerdictReason.OPEN and result.row.closed_at is not None:
        shown_verdict = make_verdict(
            VerdictReason.OPEN, shown_verdict.criteria, VerdictFacts(n=shown_verdict.n)
        )
    return verdict_text(language, shown_verdict).partition(". ")[2]


def override_lines(language: str, result: StudyStatus) -> list[tuple[str, str]]:
    """Return (who overrode the verdict and when, the reason) for each override."""
    return [
        (
            translate(
                language,
                "report.overridden",
                role=found.role,
                date=format_day(language, found.at // 1000),
                word=translate(language, f"report.{found.outcome}").lower(),
            ),
            found.reason,
        )
        for found in result.overrides
    ]


def bar_reason(language: str, criterion: Criterion) -> str:
    """Return why a bar has its value; translated if the words are those of a shipped policy."""
    shipped_reasons = section_texts("en", "because")
    reason_key = next(
        (key for key, words in shipped_reasons.items() if words == criterion.because), None
    )
    if reason_key is None or not reason_key.startswith(criterion.name):
        return criterion.because
    return translate(language, f"because.{reason_key}")


def what_would_change(language: str, result: StudyStatus) -> str:
    """Return what would change the verdict; first, if too few are invited, that nothing can."""
    undecided = result.decision is None
    has_ended = undecided and result.row.closed_at is not None
    closed_text = translate(language, "report.change_closed") if has_ended else ""
    invited = result.invited.people if undecided and result.invited else None
    smallest_panel = result.report.smallest_panel
    never_text = None if invited is None else too_small_text(language, invited, smallest_panel)
    return " ".join(filter(None, (never_text, _change_text(language, result), closed_text)))


def _change_text(language: str, result: StudyStatus) -> str:
    report, verdict = result.report, result.verdict
    if verdict.why is VerdictReason.OPEN:
        return report_text(
            language, report.policy, "change_open", left=_open_criteria_text(language, verdict)
        )
    if verdict.why in (VerdictReason.PASSED, VerdictReason.FAILED):
        key, names = f"change_{verdict.why.value}", _failed_names(language, verdict)
        return report_text(language, report.policy, key, names=names)
    return translate(
        language,
        f"report.change_{verdict.why.value}",
        cell=report.policy.cell,
        least=report.policy.least_players,
        smallest=report.smallest_panel,
        bar=format_percent(language, report.policy.completion),
    )


def _failed_names(language: str, study_verdict: Verdict) -> str:
    names = (translate(language, f"report.{c.name}") for c in study_verdict.criteria if c.failed)
    return ", ".join(names).lower()


def _open_criteria_text(language: str, study_verdict: Verdict) -> str:
    parts = (
        translate(
            language,
            "report.change_open_part",
            name=translate(language, f"report.{c.name}"),
            low=format_criterion_value(language, c.name, c.low),
            bar=format_criterion_value(language, c.name, c.bar),
        )
        for c in study_verdict.criteria
        if not c.passed
    )
    return " ".join(parts)


def precision_of(result: StudyStatus) -> float | None:
    """Return the precision at the verdict; None if none is shown."""
    return next((c.value for c in result.verdict.criteria if c.name == "hit_rate"), None)


def source_liked_share(report: Report, source: str) -> float | None:
    """Return the liked share of a source's cards; None if too few people saw them."""
    return next((row.liked for row in report.arms if row.label == source), None)


def demo_headline(language: str, released: StudyStatus, held: StudyStatus) -> str:
    """Return the demo's headline: one share if both studies have the same, else both shares."""
    first, second = (
        format_percent(language, precision_of(judged) or 0.0) for judged in (released, held)
    )
    if first == second:
        return translate(language, "report.same_85", share=first)
    return translate(language, "report.not_the_same", released=first, held=second)


def held_reason(language: str, released: StudyStatus, held: StudyStatus) -> str:
    """Return a sentence on why one study was held and the other released."""
    released_discrimination, held_discrimination = (
        _criterion_named(judged, "discrimination") for judged in (released, held)
    )
    decoy_shares = [source_liked_share(judged.report, "decoy") for judged in (released, held)]
    if (
        released_discrimination is None
        or held_discrimination is None
        or not held_discrimination.failed
        or None in decoy_shares
    ):
        failed_sentences = " ".join(
            criterion_sentence(language, c) for c in held.verdict.criteria if c.failed
        )
        return translate(language, "report.story_why", held=held.row.name, said=failed_sentences)
    return translate(
        language,
        "report.story_why_decoys",
        held=held.row.name,
        released=released.row.name,
        released_decoys=format_percent(language, decoy_shares[0] or 0.0),
        held_decoys=format_percent(language, decoy_shares[1] or 0.0),
        released_beats=format_percent(language, released_discrimination.value),
        held_beats=format_percent(language, held_discrimination.value),
        bar=format_percent(language, held_discrimination.bar),
    )


def _criterion_named(result: StudyStatus, name: str) -> CriterionVerdict | None:
    return next((c for c in result.verdict.criteria if c.name == name), None)


def released_and_held(results: list[StudyStatus]) -> tuple[StudyStatus, StudyStatus] | None:
    """Return the newest released and the newest held study; None if one is missing."""
    newest_by_outcome = {
        outcome: next((j for j in results if j.verdict.outcome is outcome), None)
        for outcome in (Outcome.RELEASE, Outcome.HOLD)
    }
    released, held = newest_by_outcome[Outcome.RELEASE], newest_by_outcome[Outcome.HOLD]
    return None if released is None or held is None else (released, held)
