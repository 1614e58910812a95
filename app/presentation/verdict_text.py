"""The sentence of a verdict, put together from the texts of `[verdict]` in two languages."""

from collections.abc import Sequence
from typing import Any

from app.presentation.i18n import translate
from recsys.report.forecast import HORIZON, Forecast
from recsys.report.gate import (
    CriterionVerdict,
    Verdict,
    VerdictFacts,
    VerdictReason,
    verdict_to_row,
)
from recsys.study.criteria import DIFFERENCES, PAIRED_COMPARISON


def verdict_data(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as plain data, with its sentence in both languages."""
    reasons = {"reason": verdict_text("en", verdict), "reason_nl": verdict_text("nl", verdict)}
    return verdict_to_row(verdict) | reasons


def verdict_text(language: str, verdict: Verdict) -> str:
    """Return the sentence of a verdict."""
    reason, criteria, facts = verdict.why, verdict.criteria, verdict.facts
    results = [_criterion_text(language, criterion, facts) for criterion in criteria]
    if reason in (VerdictReason.PASSED, VerdictReason.FAILED):
        if criteria[0].name == PAIRED_COMPARISON:
            return f"{_text(language, f'duel_{reason.value}')} {_sentence(results[0])}"
        if reason is VerdictReason.PASSED:
            return f"{_text(language, 'release')} {'; '.join(results)}."
        return f"{_text(language, 'hold')} {_failed_text(language, criteria, facts)}"
    undecided = _text(language, "undecided")
    if reason is VerdictReason.OPEN:
        return f"{undecided} {_open_text(language, criteria, facts)}"
    if reason is VerdictReason.TOO_EARLY:
        return f"{undecided} {too_early_text(language, facts.n, facts.min_group_size)}"
    limit = _limit_text(language, reason, facts)
    return " ".join([undecided, limit, *(_sentence(result) for result in results[:1])])


def too_early_text(language: str, closed: int, min_group_size: int) -> str:
    """Return the sentence for a study with fewer decks than may be shown."""
    count = _text(language, f"closed_{min(closed, 2)}", closed=closed)
    return f"{count} {_text(language, 'first', cell=min_group_size)}"


def too_small_text(language: str, people: int, smallest: int) -> str | None:
    """Return the warning that a panel can never release; None when it is large enough."""
    return None if people >= smallest else _text(language, "small", n=people, smallest=smallest)


def _text(language: str, key: str, **values: object) -> str:
    # no thousands separators: the reasons of stored decisions were written without them
    return translate(language, f"verdict.{key}", **{name: str(v) for name, v in values.items()})


def _failed_text(language: str, criteria: Sequence[CriterionVerdict], facts: VerdictFacts) -> str:
    failed = [
        f"{_criterion_text(language, c, facts)}: {_text(language, f'why_{c.name}')}"
        for c in criteria
        if c.failed
    ]
    others = [_criterion_text(language, c, facts) for c in criteria if not c.failed]
    return " ".join(_sentence("; ".join(part)) for part in (failed, others) if part)


def _open_text(language: str, criteria: Sequence[CriterionVerdict], facts: VerdictFacts) -> str:
    """Lead with the first criterion; if it has passed, add what is still open."""
    first, undecided = criteria[0], [c for c in criteria if not c.passed]
    sentences = [_sentence(_criterion_text(language, first, facts))]
    if first not in undecided:
        results = "; ".join(_criterion_text(language, c, facts) for c in undecided)
        sentences.append(f"{_text(language, 'still')} {results}.")
    return " ".join([*sentences, *_forecast_texts(language, facts.forecast)])


def _forecast_texts(language: str, forecast: Forecast) -> list[str]:
    """Return one sentence, or none where nothing can be said."""
    if forecast.low is None:
        return [_text(language, "far", horizon=HORIZON)] if forecast.beyond else []
    if forecast.high is None:
        return [_text(language, "or_more", low=forecast.low)]
    key = "range" if forecast.high > forecast.low else "about"
    return [_text(language, key, low=forecast.low, high=forecast.high)]


def _limit_text(language: str, reason: VerdictReason, facts: VerdictFacts) -> str:
    key = reason.value
    if reason is VerdictReason.INCOMPLETE and facts.completion is None:
        key = "unknown_completion"
    return _text(
        language,
        key,
        n=facts.n,
        batch=facts.batch,
        least=facts.least_players,
        completion_bar=_format_percent(facts.completion_bar),
        balance=f"{facts.balance:.2f}",
        balance_bar=f"{facts.balance_bar:.2f}",
    )


def _criterion_text(language: str, criterion: CriterionVerdict, facts: VerdictFacts) -> str:
    format_value = _format_points if criterion.name in DIFFERENCES else _format_percent
    numbers = {
        "value": format_value(criterion.value),
        "low": format_value(criterion.low),
        "high": format_value(criterion.high),
        "bar": format_value(criterion.bar),
        "n": facts.n,
    }
    return f"{_text(language, criterion.name, **numbers)} {_text(language, 'between', **numbers)}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _format_percent(share: float) -> str:
    return f"{round(share * 100)}%"


def _format_points(score: float) -> str:
    """Return a score, (1 + difference of two shares) / 2, as that difference in points."""
    points = round(200 * score - 100)
    return f"{points:+d}" if points else "0"
