"""What of the report is words and figures in a dress of its own: story, verdict, reasons."""

import re
from html import escape

from app.presentation.i18n import format_percent, translate
from app.reports import policy_wording, tables
from app.reports.wording import (
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
from recsys.report.verdict import CriterionVerdict
from recsys.study.policy import StudyKind

STATE_OUTCOMES = {"passed": "release", "failed": "hold", "open": "undecided"}
"""Which verdict's sign a criterion's state wears."""


def demo_pair_html(language: str, released: StudyStatus, held: StudyStatus) -> str:
    """Draw the two studies side by side."""
    panels = "".join(_demo_panel(language, judged) for judged in (released, held))
    label = escape(translate(language, "report.story_figure"))
    return f'<div class="bs bs-pair" role="group" aria-label="{label}">{panels}</div>'


def held_reason_html(language: str, released: StudyStatus, held: StudyStatus) -> str:
    """Say why one of the two was held."""
    sentence = escape(held_reason(language, released, held))
    return f'<div class="bs"><p class="bs-said">{sentence}</p></div>'


def _demo_panel(language: str, result: StudyStatus) -> str:
    outcome = result.verdict.outcome.value
    picks, decoys = precision_of(result) or 0.0, source_liked_share(result.report, "decoy")
    gap = "" if decoys is None else _source_bar(language, "decoy", decoys, "slate", picks)
    return (
        f'<section class="bs-panel bs-{outcome}"><div class="bs-top">'
        f"<h3>{escape(result.row.name)}</h3>{verdict_word_html(language, outcome)}</div>"
        f'<p class="bs-big">{format_percent(language, picks)}'
        f"<small>{escape(translate(language, 'report.story_share'))}</small></p>"
        f"{_source_bar(language, 'pick', picks, 'glow')}{gap}"
        f'<p class="bs-foot">{_panel_foot(language, result, picks, decoys)}</p></section>'
    )


def verdict_word_html(language: str, outcome: str, words: str | None = None) -> str:
    """Draw a verdict's word with its sign, or other words in their place."""
    label = words or translate(language, f"report.{outcome}")
    return f'<span class="bs-word bs-{outcome}">{escape(label)}</span>'


def _source_bar(
    language: str, source: str, share: float, color: str, gap_end: float | None = None
) -> str:
    """One bar; with `gap_end` the stretch between the two is hatched."""
    width, gap = percent_or_points(source, share), ""
    if gap_end is not None and gap_end > share:
        gap_left, gap_right = width, percent_or_points(source, gap_end)
        gap = f'<i class="bs-gap" style="left:{gap_left}%;width:{gap_right - gap_left}%"></i>'
    return (
        f'<div class="bs-arm"><p><span>{escape(translate(language, f"report.arm_{source}"))}</span>'
        f"<b>{format_percent(language, share)}</b></p>"
        f'<div class="bs-track" aria-hidden="true">{gap}'
        f'<i style="left:0;width:{width}%;background:var(--bs-{color})"></i></div></div>'
    )


def _panel_foot(language: str, result: StudyStatus, picks: float, decoys: float | None) -> str:
    if decoys is None:
        return escape(translate(language, "report.fact_people", n=result.verdict.n))
    gap = percent_or_points("pick", picks) - percent_or_points("decoy", decoys)
    people = translate(language, "report.fact_people", n=result.verdict.n)
    return escape(f"{translate(language, 'report.story_gap', gap=gap)} · {people}")


def verdict_html(language: str, result: StudyStatus) -> str:
    """Draw the verdict: sign, word, sentence, what would change it, and the facts beside it."""
    outcome = result.verdict.outcome.value
    outcome_text = report_text(language, result.report.policy, outcome)
    return (
        '<section class="bs bs-panel bs-verdict '
        f'bs-{outcome}">{verdict_word_html(language, outcome, outcome_text)}'
        f'<p class="bs-said">{escape(verdict_sentence(language, result))}</p>'
        f'<p class="bs-change"><b>{escape(translate(language, "report.change"))}.</b> '
        f"{escape(what_would_change(language, result))}</p>"
        f'<div class="bs-facts">{facts_html(language, result)}</div></section>'
    )


def facts_html(language: str, result: StudyStatus) -> str:
    """Draw what must be known beside a verdict: attempt, model, day, and if it is simulated."""
    row, report, decision = result.row, result.report, result.decision
    simulated = report.kind is not StudyKind.LIVE
    facts = [translate(language, "report.attempt", n=report.attempt)]
    facts += [translate(language, "report.fact_model", model=row.model[:12])]
    if row.challenger is not None:
        facts.append(translate(language, "report.fact_challenger", model=row.challenger[:12]))
    if decision is not None:
        facts.append(
            translate(
                language, "report.fact_decided", date=tables.format_day_of_ms(language, decision.at)
            )
        )
    strong = [translate(language, "report.simulated")] if simulated else []
    return "".join(
        [f'<span class="bs-strong">{escape(fact)}</span>' for fact in strong]
        + [f"<span>{escape(fact)}</span>" for fact in facts]
    )


def overrides_html(language: str, result: StudyStatus) -> str:
    """Draw what somebody decided against the verdict. It stands there for ever."""
    stands = escape(translate(language, "report.overridden_stands"))
    return "".join(
        f'<section class="bs bs-panel bs-override"><h3>{escape(said)}</h3>'
        f'<p>{escape(reason)}</p><p class="bs-quiet">{stands}</p></section>'
        for said, reason in override_lines(language, result)
    )


def criterion_reasons_html(language: str, result: StudyStatus) -> str:
    """Draw what each criterion means, where it stands, and why its bar stands where it stands."""
    bar_reasons = {c.name: bar_reason(language, c) for c in result.report.policy.criteria}
    parts = (
        _criterion_reason_html(language, c, bar_reasons[c.name]) for c in result.verdict.criteria
    )
    return f'<div class="bs bs-three">{"".join(parts)}</div>'


def _criterion_reason_html(language: str, criterion: CriterionVerdict, because: str) -> str:
    key = criterion_state(criterion)
    bar = translate(
        language,
        "report.because",
        bar=format_criterion_value(language, criterion.name, criterion.bar),
    )
    return (
        f'<div class="bs-{key}"><h3>{escape(translate(language, f"report.{criterion.name}"))}</h3>'
        f"{verdict_word_html(language, STATE_OUTCOMES[key], translate(language, f'report.{key}'))}"
        f"<p>{escape(translate(language, f'report.means_{criterion.name}'))}</p>"
        f'<p class="bs-quiet">{escape(bar)}. {escape(because)}</p></div>'
    )


def caveats_html(language: str, result: StudyStatus) -> str:
    """Draw what no interval cures, each with its first sentence as its head."""
    heads = (line.partition(". ") for line in policy_wording.caveat_texts(language, result.report))
    items = "".join(f"<li><b>{escape(head)}.</b>{escape(rest)}</li>" for head, _, rest in heads)
    return f'<div class="bs"><ul>{items}</ul></div>'


def policy_html(language: str, result: StudyStatus) -> str:
    """Draw the policy field by field."""
    fields = "".join(
        f"<dt>{escape(field)}</dt><dd>{_field_value(value)}</dd>"
        for field, value in policy_wording.policy_fields(language, result)
    )
    return f'<div class="bs"><dl>{fields}</dl></div>'


def _field_value(value: str) -> str:
    is_hash = re.fullmatch("[0-9a-f]{32,}", value)
    return f"<code>{value}</code>" if is_hash else escape(value)
