"""A report's figures as the page says them: whole percents, the lift in points of difference."""

from math import floor

from app.presentation.i18n import day, percent, section, text
from app.study.results import Judged
from recsys.report.evaluate import Report
from recsys.report.gate import Outcome, Why
from recsys.report.verdict import CriterionVerdict, Facts, Verdict, too_small, verdict
from recsys.stats import Estimate
from recsys.study.policy import DIFFERENCES, Criterion, Policy

MEASURES = ("hit_rate", "discrimination", "new_hit_rate", "new_discrimination")
"""What the rival is compared in, in the order of the page."""


def whole(criterion: str, share: float) -> int:
    """Return a share in whole percents, or the points of difference that a score stands for."""
    return round(200 * share - 100) if criterion in DIFFERENCES else round(100 * share)


def reading(language: str, criterion: str, share: float | None) -> str:
    """Write a share as the criterion is read: 83%, or +30 points without the word."""
    if share is None:
        return "–"
    if criterion not in DIFFERENCES:
        return percent(language, share)
    points = whole(criterion, share)
    return f"{points:+d}".replace("-", "−") if points else "0"


def with_bounds(language: str, criterion: str, value: float, low: float, high: float) -> str:
    """Write an estimate with its bounds."""
    unit = "points" if criterion in DIFFERENCES else "percent"
    read = {
        name: reading(language, criterion, share)
        for name, share in (("value", value), ("low", low), ("high", high))
    }
    return text(language, f"report.value_{unit}", **read)


def estimate_with_bounds(language: str, found: Estimate, criterion: str = "share") -> str:
    """Write a share with its bounds, both rounded for publication, as the criterion is read."""
    shown = found.published()
    if shown.value is None or shown.low is None or shown.high is None:
        return "–"
    return with_bounds(language, criterion, shown.value, shown.low, shown.high)


def said_of(language: str, rule: Policy, key: str, **values: object) -> str:
    """Return a text of the report, in the wording for two versions where a policy compares them."""
    return text(language, f"report.{key}{'_duel' if rule.is_duel else ''}", **values)


def state(found: CriterionVerdict) -> str:
    """Return the key of where a criterion stands."""
    return "passed" if found.passed else "failed" if found.failed else "open"


def sure(report: Report) -> float:
    """Return in what share of studies a pair of deciding bounds is right, rounded down."""
    return floor(100 * (1 - report.alpha - report.alpha / len(report.criteria)) + 1e-9) / 100


def said(language: str, found: CriterionVerdict) -> str:
    """Say a criterion in one sentence, for who cannot see its picture."""
    name = text(language, f"report.{found.name}")
    read = {
        key: reading(language, found.name, share)
        for key, share in (
            ("value", found.value),
            ("low", found.low),
            ("high", found.high),
            ("bar", found.bar),
        )
    }
    return text(language, "report.interval_said", name=name, **read)


def rival_pairs(report: Report) -> list[tuple[str, Estimate, Estimate]]:
    """Return each measure of model and rival that is known of both: like compared with like.

    The rival's whole list is set against the decoys, so the model's whole list is beside it.
    """
    ours = dict(report.beside) | {"discrimination": report.beside["auc_of_all_picks"]}
    ours |= {
        c.criterion.name: c.estimate for c in report.criteria if c.criterion.name == "hit_rate"
    }
    names = {name: f"rival_{name}" for name in MEASURES[:2]}
    names |= {f"new_{name}": f"new_rival_{name}" for name in MEASURES[:2]}
    pairs = [(name, ours.get(name), report.beside[names[name]]) for name in MEASURES]
    return [
        (name, mine, theirs)
        for name, mine, theirs in pairs
        if mine is not None and mine.value is not None and theirs.value is not None
    ]


def rival_name(language: str, baseline: str) -> str:
    """Name a rival in words; one that has none by its own name."""
    known = {"popularity", "own-purchases-then-views"}
    if baseline not in known:
        return baseline
    return text(language, f"report.rival_{baseline.replace('-', '_')}")


def sentence(language: str, judged: Judged) -> str:
    """Return the verdict's sentence without the word it opens with, which stands above it.

    A study that is closed says nothing of people to come: nobody can play in it any more.
    """
    found = judged.verdict
    if found.why is Why.OPEN and judged.row.closed_at is not None:
        found = verdict(Why.OPEN, found.criteria, Facts(n=found.n))
    reason = found.reason_nl if language == "nl" else found.reason
    return reason.partition(". ")[2]


def overridden(language: str, judged: Judged) -> list[tuple[str, str]]:
    """Return who decided against the verdict, and why."""
    return [
        (
            text(
                language,
                "report.overridden",
                role=found.role,
                date=day(language, found.at // 1000),
                word=text(language, f"report.{found.outcome}").lower(),
            ),
            found.reason,
        )
        for found in judged.overrides
    ]


def why_here(language: str, criterion: Criterion) -> str:
    """Say why a bar stands where it stands: translated where the words are those we ship."""
    shipped = section("en", "because")
    known = next((key for key, words in shipped.items() if words == criterion.because), None)
    if known is None or not known.startswith(criterion.name):
        return criterion.because
    return text(language, f"because.{known}")


def what_would_change(language: str, judged: Judged) -> str:
    """Say what would change this verdict, and before all that nothing can, where that is so."""
    undecided = judged.decision is None
    over = undecided and judged.row.closed_at is not None
    closed = text(language, "report.change_closed") if over else ""
    invited = judged.invited if undecided else None
    panel = judged.report.smallest_panel
    never = None if invited is None else too_small(invited, panel, language)
    return " ".join(filter(None, (never, _change(language, judged), closed)))


def _change(language: str, judged: Judged) -> str:
    report, verdict = judged.report, judged.verdict
    if verdict.why is Why.OPEN:
        return said_of(language, report.policy, "change_open", left=_left(language, verdict))
    if verdict.why in (Why.PASSED, Why.FAILED):
        key, names = f"change_{verdict.why.value}", _failed(language, verdict)
        return said_of(language, report.policy, key, names=names)
    return text(
        language,
        f"report.change_{verdict.why.value}",
        cell=report.policy.cell,
        least=report.policy.least_players,
        smallest=report.smallest_panel,
        bar=percent(language, report.policy.completion),
    )


def _failed(language: str, found: Verdict) -> str:
    failed = (text(language, f"report.{c.name}") for c in found.criteria if c.failed)
    return ", ".join(failed).lower()


def _left(language: str, found: Verdict) -> str:
    parts = (
        text(
            language,
            "report.change_open_part",
            name=text(language, f"report.{c.name}"),
            low=reading(language, c.name, c.low),
            bar=reading(language, c.name, c.bar),
        )
        for c in found.criteria
        if not c.passed
    )
    return " ".join(parts)


def hit_rate(judged: Judged) -> float | None:
    """Return the hit rate that the verdict was read at; None where none is shown."""
    return next((c.value for c in judged.verdict.criteria if c.name == "hit_rate"), None)


def liked(report: Report, arm: str) -> float | None:
    """Return how much of an arm's cards was liked; None where too few saw it."""
    return next((row.liked for row in report.arms if row.label == arm), None)


def headline(language: str, released: Judged, held: Judged) -> str:
    """Return the first line of the demo: the same share where it is the same, else both."""
    first, second = (percent(language, hit_rate(judged) or 0.0) for judged in (released, held))
    if first == second:
        return text(language, "report.same_85", share=first)
    return text(language, "report.not_the_same", released=first, held=second)


def why_one_is_held(language: str, released: Judged, held: Judged) -> str:
    """Say in one sentence why the second study was held and the first released."""
    ours, theirs = (_standing(judged, "discrimination") for judged in (released, held))
    decoys = [liked(judged.report, "decoy") for judged in (released, held)]
    if ours is None or theirs is None or not theirs.failed or None in decoys:
        failed = " ".join(said(language, c) for c in held.verdict.criteria if c.failed)
        return text(language, "report.story_why", held=held.row.name, said=failed)
    return text(
        language,
        "report.story_why_decoys",
        held=held.row.name,
        released=released.row.name,
        released_decoys=percent(language, decoys[0] or 0.0),
        held_decoys=percent(language, decoys[1] or 0.0),
        released_beats=percent(language, ours.value),
        held_beats=percent(language, theirs.value),
        bar=percent(language, theirs.bar),
    )


def _standing(judged: Judged, name: str) -> CriterionVerdict | None:
    return next((c for c in judged.verdict.criteria if c.name == name), None)


def story(judged: list[Judged]) -> tuple[Judged, Judged] | None:
    """Return the newest released and the newest held of these studies, if there are both."""
    found = {
        outcome: next((j for j in judged if j.verdict.outcome is outcome), None)
        for outcome in (Outcome.RELEASE, Outcome.HOLD)
    }
    released, held = found[Outcome.RELEASE], found[Outcome.HOLD]
    return None if released is None or held is None else (released, held)
