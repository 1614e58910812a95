"""What of the report is words and figures in a dress of its own: story, verdict, reasons."""

import re
from html import escape

from app.presentation.i18n import percent, text
from app.reports import policy_wording, tables
from app.reports.wording import (
    hit_rate,
    liked,
    overridden,
    reading,
    said_of,
    sentence,
    state,
    what_would_change,
    whole,
    why_here,
    why_one_is_held,
)
from app.study.results import Judged
from recsys.report.verdict import CriterionVerdict
from recsys.study.policy import StudyKind

SIGNS = {"passed": "release", "failed": "hold", "open": "undecided"}
"""Which verdict's sign a criterion's state wears."""


def pair(language: str, released: Judged, held: Judged) -> str:
    """Draw the two studies side by side."""
    panels = "".join(_panel(language, judged) for judged in (released, held))
    said = escape(text(language, "report.story_figure"))
    return f'<div class="bs bs-pair" role="group" aria-label="{said}">{panels}</div>'


def why(language: str, released: Judged, held: Judged) -> str:
    """Say why one of the two was held."""
    said = escape(why_one_is_held(language, released, held))
    return f'<div class="bs"><p class="bs-said">{said}</p></div>'


def _panel(language: str, judged: Judged) -> str:
    outcome = judged.verdict.outcome.value
    picks, decoys = hit_rate(judged) or 0.0, liked(judged.report, "decoy")
    gap = "" if decoys is None else _arm(language, "decoy", decoys, "slate", picks)
    return (
        f'<section class="bs-panel bs-{outcome}"><div class="bs-top">'
        f"<h3>{escape(judged.row.name)}</h3>{word(language, outcome)}</div>"
        f'<p class="bs-big">{percent(language, picks)}'
        f"<small>{escape(text(language, 'report.story_share'))}</small></p>"
        f"{_arm(language, 'pick', picks, 'glow')}{gap}"
        f'<p class="bs-foot">{_foot(language, judged, picks, decoys)}</p></section>'
    )


def word(language: str, outcome: str, words: str | None = None) -> str:
    """Draw a verdict's word with its sign, or other words in their place."""
    said = words or text(language, f"report.{outcome}")
    return f'<span class="bs-word bs-{outcome}">{escape(said)}</span>'


def _arm(language: str, arm: str, share: float, colour: str, to: float | None = None) -> str:
    """One bar; with `to` the stretch between the two is hatched."""
    width, gap = whole(arm, share), ""
    if to is not None and to > share:
        left, right = width, whole(arm, to)
        gap = f'<i class="bs-gap" style="left:{left}%;width:{right - left}%"></i>'
    return (
        f'<div class="bs-arm"><p><span>{escape(text(language, f"report.arm_{arm}"))}</span>'
        f"<b>{percent(language, share)}</b></p>"
        f'<div class="bs-track" aria-hidden="true">{gap}'
        f'<i style="left:0;width:{width}%;background:var(--bs-{colour})"></i></div></div>'
    )


def _foot(language: str, judged: Judged, picks: float, decoys: float | None) -> str:
    if decoys is None:
        return escape(text(language, "report.fact_people", n=judged.verdict.n))
    gap = whole("pick", picks) - whole("decoy", decoys)
    people = text(language, "report.fact_people", n=judged.verdict.n)
    return escape(f"{text(language, 'report.story_gap', gap=gap)} · {people}")


def verdict(language: str, judged: Judged) -> str:
    """Draw the verdict: sign, word, sentence, what would change it, and the facts beside it."""
    outcome = judged.verdict.outcome.value
    said = said_of(language, judged.report.policy, outcome)
    return (
        f'<section class="bs bs-panel bs-verdict bs-{outcome}">{word(language, outcome, said)}'
        f'<p class="bs-said">{escape(sentence(language, judged))}</p>'
        f'<p class="bs-change"><b>{escape(text(language, "report.change"))}.</b> '
        f"{escape(what_would_change(language, judged))}</p>"
        f'<div class="bs-facts">{facts(language, judged)}</div></section>'
    )


def facts(language: str, judged: Judged) -> str:
    """Draw what must be known beside a verdict: attempt, model, day, and if it is simulated."""
    row, report, decision = judged.row, judged.report, judged.decision
    simulated = report.kind is not StudyKind.LIVE
    facts = [text(language, "report.attempt", n=report.attempt)]
    facts += [text(language, "report.fact_model", model=row.model[:12])]
    if row.challenger is not None:
        facts.append(text(language, "report.fact_challenger", model=row.challenger[:12]))
    if decision is not None:
        facts.append(text(language, "report.fact_decided", date=tables.day(language, decision.at)))
    strong = [text(language, "report.simulated")] if simulated else []
    return "".join(
        [f'<span class="bs-strong">{escape(fact)}</span>' for fact in strong]
        + [f"<span>{escape(fact)}</span>" for fact in facts]
    )


def overrides(language: str, judged: Judged) -> str:
    """Draw what somebody decided against the verdict. It stands there for ever."""
    stands = escape(text(language, "report.overridden_stands"))
    return "".join(
        f'<section class="bs bs-panel bs-override"><h3>{escape(said)}</h3>'
        f'<p>{escape(reason)}</p><p class="bs-quiet">{stands}</p></section>'
        for said, reason in overridden(language, judged)
    )


def reasons(language: str, judged: Judged) -> str:
    """Draw what each criterion means, where it stands, and why its bar stands where it stands."""
    because = {c.name: why_here(language, c) for c in judged.report.policy.criteria}
    parts = (_reason(language, c, because[c.name]) for c in judged.verdict.criteria)
    return f'<div class="bs bs-three">{"".join(parts)}</div>'


def _reason(language: str, found: CriterionVerdict, because: str) -> str:
    key = state(found)
    bar = text(language, "report.because", bar=reading(language, found.name, found.bar))
    return (
        f'<div class="bs-{key}"><h3>{escape(text(language, f"report.{found.name}"))}</h3>'
        f"{word(language, SIGNS[key], text(language, f'report.{key}'))}"
        f"<p>{escape(text(language, f'report.means_{found.name}'))}</p>"
        f'<p class="bs-quiet">{escape(bar)}. {escape(because)}</p></div>'
    )


def caveats(language: str, judged: Judged) -> str:
    """Draw what no interval cures, each with its first sentence as its head."""
    heads = (line.partition(". ") for line in policy_wording.caveats(language, judged.report))
    items = "".join(f"<li><b>{escape(head)}.</b>{escape(rest)}</li>" for head, _, rest in heads)
    return f'<div class="bs"><ul>{items}</ul></div>'


def policy(language: str, judged: Judged) -> str:
    """Draw the policy field by field."""
    fields = "".join(
        f"<dt>{escape(field)}</dt><dd>{_value(value)}</dd>"
        for field, value in policy_wording.policy(language, judged)
    )
    return f'<div class="bs"><dl>{fields}</dl></div>'


def _value(value: str) -> str:
    is_hash = re.fullmatch("[0-9a-f]{32,}", value)
    return f"<code>{value}</code>" if is_hash else escape(value)
