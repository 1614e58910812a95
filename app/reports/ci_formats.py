"""The result of the gate for CI pipelines: JSON, a job summary in Markdown, JUnit."""

from functools import partial
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from app.presentation.verdict_text import verdict_text
from app.reports.wording import format_criterion_value
from app.study.results import StudyStatus
from recsys.report.gate import CriterionVerdict, Outcome, verdict_to_row


def gate_data(result: StudyStatus) -> dict[str, Any]:
    """Return the verdict as data for JSON."""
    verdict = result.verdict
    return {
        "study": result.row.name,
        "hash": result.row.hash,
        "kind": result.row.kind.value,
        "attempt": result.report.attempt,
        "outcome": verdict.outcome.value,
        "why": verdict.why.value,
        "reason": verdict_text("en", verdict),
        "people": verdict.n,
        "decided": result.decision is not None,
        "criteria": verdict_to_row(verdict)["criteria"],
        "overrides": overrides_data(result),
    }


def outcome_word(result: StudyStatus) -> str:
    """Return the outcome in a word; for two versions, which one is ahead."""
    outcome = result.verdict.outcome
    if not result.report.policy.is_paired_comparison or outcome is Outcome.UNDECIDED:
        return outcome.value
    return "challenger ahead" if outcome is Outcome.RELEASE else "champion ahead"


def overrides_data(result: StudyStatus) -> list[dict[str, Any]]:
    """Return all overrides of a study, the first one first."""
    return [
        {"outcome": o.outcome, "role": o.role, "reason": o.reason, "at": o.at}
        for o in result.overrides
    ]


def gate_summary(result: StudyStatus) -> str:
    """Return a Markdown summary for the page of a CI job."""
    verdict, format_value = result.verdict, partial(format_criterion_value, "en")
    rows = [
        f"| {c.name} | {format_value(c.name, c.value)} | {format_value(c.name, c.low)} to "
        f"{format_value(c.name, c.high)} "
        f"| {format_value(c.name, c.bar)} | {_state_word(c)} |"
        for c in verdict.criteria
    ]
    header = ["", "| criterion | estimate | between | bar | |", "|---|--:|--:|--:|---|"]
    override_lines = [
        f"**Overridden by {o.role}: {o.outcome}.** {o.reason}" for o in result.overrides
    ]
    lines = [
        f"## Gate: {outcome_word(result)}",
        "",
        verdict_text("en", verdict),
        *(f"\n{line}" for line in override_lines),
        *(header + rows if rows else []),
        "",
        f"Study `{result.row.name}` ({result.row.kind.value}), attempt {result.report.attempt}, "
        f"hash `{result.row.hash[:8]}`, {verdict.n} people. A necessary check, not a promise of "
        "sales: measure engagement by arm.",
    ]
    return "\n".join(lines)


def gate_junit(result: StudyStatus) -> str:
    """Return JUnit XML with a test case per criterion: failed if it failed, skipped if open."""
    criteria_by_name = {c.name: c for c in result.verdict.criteria}
    names = [criterion.name for criterion in result.report.policy.criteria]
    cases = [_test_case(name, criteria_by_name.get(name), result) for name in names]
    failed = sum("<failure" in case for case in cases)
    skipped = sum("<skipped" in case for case in cases)
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f"<testsuite name={quoteattr(f'brandswipe study gate {result.row.name}')} "
            f'tests="{len(cases)}" failures="{failed}" errors="0" skipped="{skipped}">',
            *cases,
            f"  <system-out>{escape(verdict_text('en', result.verdict))}</system-out>",
            "</testsuite>",
        ]
    )


def _test_case(name: str, criterion: CriterionVerdict | None, result: StudyStatus) -> str:
    """Return a test case. A passed criterion is skipped while limits keep the study undecided."""
    reason = quoteattr(verdict_text("en", result.verdict))
    released = result.verdict.outcome is Outcome.RELEASE
    if criterion is not None and criterion.failed and result.verdict.outcome is Outcome.HOLD:
        content = f"<failure message={reason}/>"
    elif criterion is not None and (released or (criterion.passed and result.decision is not None)):
        content = ""
    else:
        content = f"<skipped message={reason}/>"
    return f'  <testcase classname="brandswipe.gate" name={quoteattr(name)}>{content}</testcase>'


def _state_word(criterion: CriterionVerdict) -> str:
    return "passed" if criterion.passed else "failed" if criterion.failed else "open"
