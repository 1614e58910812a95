"""What a verdict is, and how its sentence is put together."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from recsys.report.forecast import HORIZON, Forecast
from recsys.report.verdict_texts import EN, NL
from recsys.study.criteria import DIFFERENCES, PAIRED_COMPARISON


class Outcome(StrEnum):
    """What the gate says."""

    RELEASE = "release"
    HOLD = "hold"
    UNDECIDED = "undecided"


class VerdictReason(StrEnum):
    """What kind of reason a verdict has."""

    PASSED = "passed"
    FAILED = "failed"
    OPEN = "open"  # neither a pass nor a fail is proven
    NO_DATA = "no_data"
    TOO_EARLY = "too_early"  # fewer people than may be shown
    TOO_FEW = "too_few"  # fewer people than may decide
    INCOMPLETE = "incomplete"
    UNBALANCED = "unbalanced"
    UNPAIRED = "unpaired"  # no pick has a decoy beside it
    POLICY = "policy"


@dataclass(frozen=True, slots=True)
class CriterionVerdict:
    """Where one criterion stands at the batch of the verdict."""

    name: str
    bar: float
    value: float
    low: float  # whole percents, rounded outward
    high: float
    passed: bool
    failed: bool


NO_FORECAST = Forecast(None, None)


@dataclass(frozen=True, slots=True)
class VerdictFacts:
    """The numbers that a reason may need."""

    n: int = 0
    min_group_size: int = 10
    batch: int = 5
    least_players: int = 20
    completion: float | None = None
    completion_bar: float = 0.80
    balance: float = 0.0
    balance_bar: float = 0.25
    forecast: Forecast = NO_FORECAST


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says, why, and on how many people."""

    outcome: Outcome
    why: VerdictReason
    n: int
    criteria: tuple[CriterionVerdict, ...]
    reason: str
    reason_nl: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for a row, a pipeline or a certificate; shares in whole percents."""
        return {
            "outcome": self.outcome.value,
            "why": self.why.value,
            "n": self.n,
            "criteria": [_criterion_to_row(criterion) for criterion in self.criteria],
            "reason": self.reason,
            "reason_nl": self.reason_nl,
        }


def _criterion_to_row(criterion: CriterionVerdict) -> dict[str, Any]:
    return {
        "name": criterion.name,
        "bar": criterion.bar,
        "value": round(criterion.value, 2),
        "low": criterion.low,
        "high": criterion.high,
        "passed": criterion.passed,
        "failed": criterion.failed,
    }


def make_verdict(
    reason_code: VerdictReason, criteria: Sequence[CriterionVerdict], facts: VerdictFacts
) -> Verdict:
    """Return the verdict for a reason, with its sentence in both languages."""
    outcome = {VerdictReason.PASSED: Outcome.RELEASE, VerdictReason.FAILED: Outcome.HOLD}.get(
        reason_code, Outcome.UNDECIDED
    )
    english, dutch = (_reason_sentence(reason_code, criteria, facts, words) for words in (EN, NL))
    return Verdict(outcome, reason_code, facts.n, tuple(criteria), english, dutch)


def too_early_message(closed: int, min_group_size: int = 10, language: str = "en") -> str:
    """Return the sentence for a study with fewer decks than may be shown."""
    words = NL if language == "nl" else EN
    return words[f"closed_{min(closed, 2)}"].format(closed=closed) + words["first"].format(
        cell=min_group_size
    )


def too_small_message(people: int, smallest: int, language: str = "en") -> str | None:
    """Return the warning that a panel can never release; None when it is large enough."""
    words = NL if language == "nl" else EN
    return None if people >= smallest else words["small"].format(n=people, smallest=smallest)


def _reason_sentence(
    reason_code: VerdictReason,
    criteria: Sequence[CriterionVerdict],
    facts: VerdictFacts,
    words: dict[str, str],
) -> str:
    if (
        reason_code in (VerdictReason.PASSED, VerdictReason.FAILED)
        and criteria[0].name == PAIRED_COMPARISON
    ):
        return (
            words[f"duel_{reason_code.value}"]
            + _capitalize(_criterion_sentence(criteria[0], facts, words))
            + "."
        )
    if reason_code is VerdictReason.PASSED:
        return (
            words["release"]
            + "; ".join(_criterion_sentence(c, facts, words) for c in criteria)
            + "."
        )
    if reason_code is VerdictReason.FAILED:
        return words["hold"] + _failed_sentence(criteria, facts, words)
    if reason_code is VerdictReason.OPEN:
        return words["undecided"] + _open_sentence(criteria, facts, words)
    if reason_code is VerdictReason.TOO_EARLY:
        return words["undecided"] + too_early_message(
            facts.n, facts.min_group_size, words["language"]
        )
    first_result = (
        f" {_capitalize(_criterion_sentence(criteria[0], facts, words))}." if criteria else ""
    )
    return words["undecided"] + _limit_sentence(reason_code, facts, words) + first_result


def _failed_sentence(
    criteria: Sequence[CriterionVerdict], facts: VerdictFacts, words: dict[str, str]
) -> str:
    failed = [c for c in criteria if c.failed]
    others = [c for c in criteria if not c.failed]
    parts = [f"{_criterion_sentence(c, facts, words)}: {words['why_' + c.name]}" for c in failed]
    other_results = "; ".join(_criterion_sentence(c, facts, words) for c in others)
    return (
        _capitalize("; ".join(parts))
        + "."
        + (f" {_capitalize(other_results)}." if other_results else "")
    )


def _open_sentence(
    criteria: Sequence[CriterionVerdict], facts: VerdictFacts, words: dict[str, str]
) -> str:
    """Lead with the first criterion; if it has passed, with what is still open as well."""
    first, undecided = criteria[0], [c for c in criteria if not c.passed]
    text = _capitalize(_criterion_sentence(first, facts, words)) + "."
    if first not in undecided:
        text += (
            words["still"]
            + "; ".join(_criterion_sentence(c, facts, words) for c in undecided)
            + "."
        )
    return text + _forecast_sentence(facts.forecast, words)


def _forecast_sentence(forecast: Forecast, words: dict[str, str]) -> str:
    if forecast.low is None:
        return words["far"].format(horizon=HORIZON) if forecast.beyond else ""
    if forecast.high is None:
        return words["or_more"].format(low=forecast.low)
    key = "range" if forecast.high > forecast.low else "about"
    return words[key].format(low=forecast.low, high=forecast.high)


def _limit_sentence(reason_code: VerdictReason, facts: VerdictFacts, words: dict[str, str]) -> str:
    key = reason_code.value
    if reason_code is VerdictReason.INCOMPLETE and facts.completion is None:
        key = "unknown_completion"
    return words[key].format(
        n=facts.n,
        batch=facts.batch,
        least=facts.least_players,
        completion_bar=_format_percent(facts.completion_bar),
        balance=f"{facts.balance:.2f}",
        balance_bar=f"{facts.balance_bar:.2f}",
    )


def _criterion_sentence(
    criterion: CriterionVerdict, facts: VerdictFacts, words: dict[str, str]
) -> str:
    format_value = _format_points if criterion.name in DIFFERENCES else _format_percent
    value, low, high = (format_value(x) for x in (criterion.value, criterion.low, criterion.high))
    numbers = {
        "value": value,
        "low": low,
        "high": high,
        "bar": format_value(criterion.bar),
        "n": facts.n,
    }
    return words[criterion.name].format(**numbers) + words["between"].format(**numbers)


def _capitalize(text: str) -> str:
    return text[:1].upper() + text[1:]


def _format_percent(share: float) -> str:
    return f"{round(share * 100)}%"


def _format_points(score: float) -> str:
    """Return a score as what it stands for: the difference of two hit rates, in points."""
    points = round(200 * score - 100)
    return f"{points:+d}" if points else "0"
