"""The blocks of the report that are words and figures: the demo's pair, verdict, reasons, policy.

The report page shows them one by one; the file includes the same templates with the same values.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial

from app.presentation.i18n import format_percent, translate
from app.presentation.templating import render_template
from app.reports import policy_wording, tables
from app.reports.wording import (
    STATE_OUTCOMES,
    bar_reason,
    criterion_state,
    format_criterion_value,
    held_reason,
    override_lines,
    percent_or_points,
    precision_of,
    report_text,
    source_liked_share,
    verdict_sentence,
    what_would_change,
)
from app.study.results import StudyStatus
from recsys.report.gate import CriterionVerdict
from recsys.study.criteria import DIFFERENCES
from recsys.study.policy import StudyKind

_render = partial(render_template, "app.reports.html")


@dataclass(frozen=True, slots=True)
class VerdictBlock:
    """The verdict of a study, and the facts beside it."""

    outcome: str  # names its colour and sign
    word: str
    sentence: str
    change: str  # what would change it
    is_simulated: bool
    facts: Sequence[str]  # attempt, model, day


@dataclass(frozen=True, slots=True)
class CriterionBlock:
    """What a criterion means, where it stands, and why its bar stands where it stands."""

    title: str
    state: str  # passed, failed or open
    state_text: str
    outcome: str  # names the sign beside it
    value: str
    interval: str  # both bounds and the bar
    meaning: str
    bar: str
    bar_reason: str


@dataclass(frozen=True, slots=True)
class PolicyField:
    """A line of the policy."""

    label: str
    value: str
    is_hash: bool


@dataclass(frozen=True, slots=True)
class SourceBar:
    """How much of a source's cards was liked, in whole percents."""

    label: str
    share: str
    width: int
    color: str  # name of a token
    gap: int = 0  # width of the hatched stretch up to the picks


@dataclass(frozen=True, slots=True)
class StudyPanel:
    """One of the demo's two studies."""

    study: str
    outcome: str
    word: str
    share: str
    bars: Sequence[SourceBar]
    foot: str


@cache
def report_page_style() -> str:
    """Return the style element of the report page, beside that of every page."""
    return _render("page_style.html")


def demo_pair_html(language: str, released: StudyStatus, held: StudyStatus) -> str:
    """Draw the two studies side by side."""
    panels = [_study_panel(language, result) for result in (released, held)]
    return _render("demo_pair.html", language=language, panels=panels)


def held_reason_html(language: str, released: StudyStatus, held: StudyStatus) -> str:
    """Say why one of the two was held."""
    return _render("held_reason.html", sentence=held_reason(language, released, held))


def verdict_html(language: str, result: StudyStatus) -> str:
    """Draw the verdict: sign, word, sentence, what would change it, and the facts beside it."""
    verdict = verdict_block(language, result)
    return _render("verdict.html", language=language, verdict=verdict, word_tag="span")


def overrides_html(language: str, result: StudyStatus) -> str:
    """Draw what somebody decided against the verdict. It stands there for ever."""
    overrides = override_lines(language, result)
    return _render("overrides.html", language=language, overrides=overrides)


def criterion_reasons_html(language: str, result: StudyStatus) -> str:
    """Draw what each criterion means, where it stands, and why its bar stands where it stands."""
    return _render("criterion_reasons.html", criteria=criterion_blocks(language, result))


def caveats_html(language: str, result: StudyStatus) -> str:
    """Draw what no interval cures, each with its first sentence as its head."""
    return _render("caveats.html", caveats=caveats(language, result))


def policy_html(language: str, result: StudyStatus) -> str:
    """Draw the policy field by field."""
    return _render("policy.html", policy_fields=policy_fields(language, result))


def verdict_block(language: str, result: StudyStatus) -> VerdictBlock:
    """Return what must be known of a verdict: its sentence, and attempt, model and day."""
    outcome, policy = result.verdict.outcome.value, result.report.policy
    return VerdictBlock(
        outcome,
        report_text(language, policy, outcome),
        verdict_sentence(language, result),
        what_would_change(language, result),
        result.report.kind is not StudyKind.LIVE,
        _facts(language, result),
    )


def _facts(language: str, result: StudyStatus) -> list[str]:
    row, decision = result.row, result.decision
    facts = [
        translate(language, "report.attempt", n=result.report.attempt),
        translate(language, "report.fact_model", model=row.model[:12]),
    ]
    if row.challenger is not None:
        facts.append(translate(language, "report.fact_challenger", model=row.challenger[:12]))
    if decision is not None:
        day = tables.format_day_of_ms(language, decision.at)
        facts.append(translate(language, "report.fact_decided", date=day))
    return facts


def criterion_blocks(language: str, result: StudyStatus) -> list[CriterionBlock]:
    """Return the criteria in the order of the verdict."""
    reasons = {c.name: bar_reason(language, c) for c in result.report.policy.criteria}
    return [_criterion_block(language, c, reasons[c.name]) for c in result.verdict.criteria]


def _criterion_block(language: str, criterion: CriterionVerdict, reason: str) -> CriterionBlock:
    name, state = criterion.name, criterion_state(criterion)
    value, low, high, bar = (
        format_criterion_value(language, name, share)
        for share in (criterion.value, criterion.low, criterion.high, criterion.bar)
    )
    between = "board_between_points" if name in DIFFERENCES else "board_between"
    return CriterionBlock(
        title=translate(language, f"report.{name}"),
        state=state,
        state_text=translate(language, f"report.{state}"),
        outcome=STATE_OUTCOMES[state],
        value=value,
        interval=translate(language, f"report.{between}", low=low, high=high, bar=bar),
        meaning=translate(language, f"report.means_{name}"),
        bar=translate(language, "report.because", bar=bar),
        bar_reason=reason,
    )


def caveats(language: str, result: StudyStatus) -> list[tuple[str, str]]:
    """Return what no interval cures: the first sentence of each, and what follows."""
    lines = policy_wording.caveat_texts(language, result.report)
    return [(head, rest) for head, _, rest in (line.partition(". ") for line in lines)]


def policy_fields(language: str, result: StudyStatus) -> list[PolicyField]:
    """Return the policy and the study, field by field."""
    return [
        PolicyField(label, value, re.fullmatch("[0-9a-f]{32,}", value) is not None)
        for label, value in policy_wording.policy_fields(language, result)
    ]


def _study_panel(language: str, result: StudyStatus) -> StudyPanel:
    outcome = result.verdict.outcome.value
    picks, decoys = precision_of(result) or 0.0, source_liked_share(result.report, "decoy")
    bars = [_source_bar(language, "pick", picks, "glow")]
    foot = [translate(language, "report.fact_people", n=result.verdict.n)]
    if decoys is not None:
        gap = percent_or_points("pick", picks) - percent_or_points("decoy", decoys)
        bars.append(_source_bar(language, "decoy", decoys, "slate", max(gap, 0)))
        foot.insert(0, translate(language, "report.story_gap", gap=gap))
    return StudyPanel(
        result.row.name,
        outcome,
        translate(language, f"report.{outcome}"),
        format_percent(language, picks),
        bars,
        " · ".join(foot),
    )


def _source_bar(language: str, source: str, share: float, color: str, gap: int = 0) -> SourceBar:
    label = translate(language, f"report.arm_{source}")
    width = percent_or_points(source, share)
    return SourceBar(label, format_percent(language, share), width, color, gap)
