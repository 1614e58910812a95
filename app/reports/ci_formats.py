"""What the gate says in a pipeline's own formats: JSON, a job summary in Markdown, JUnit."""

from functools import partial
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from app.reports.wording import reading
from app.study.results import Judged
from recsys.report.verdict import CriterionVerdict, Outcome


def gate_data(judged: Judged) -> dict[str, Any]:
    """The verdict as plain data."""
    verdict = judged.verdict
    return {
        "study": judged.row.name,
        "hash": judged.row.hash,
        "kind": judged.row.kind.value,
        "attempt": judged.report.attempt,
        "outcome": verdict.outcome.value,
        "why": verdict.why.value,
        "reason": verdict.reason,
        "people": verdict.n,
        "decided": judged.decision is not None,
        "criteria": verdict.to_dict()["criteria"],
        "overrides": overrides_data(judged),
    }


def outcome_word(judged: Judged) -> str:
    """The verdict in a word; of two versions who is ahead."""
    outcome = judged.verdict.outcome
    if not judged.report.policy.is_duel or outcome is Outcome.UNDECIDED:
        return outcome.value
    return "challenger ahead" if outcome is Outcome.RELEASE else "champion ahead"


def overrides_data(judged: Judged) -> list[dict[str, Any]]:
    """Every override of a study, the first first."""
    return [
        {"outcome": o.outcome, "role": o.role, "reason": o.reason, "at": o.at}
        for o in judged.overrides
    ]


def as_summary(judged: Judged) -> str:
    """A summary for the page of a job."""
    verdict, read = judged.verdict, partial(reading, "en")
    rows = [
        f"| {c.name} | {read(c.name, c.value)} | {read(c.name, c.low)} to {read(c.name, c.high)} "
        f"| {read(c.name, c.bar)} | {_state(c)} |"
        for c in verdict.criteria
    ]
    head = ["", "| criterion | estimate | between | bar | |", "|---|--:|--:|--:|---|"]
    said = [f"**Overridden by {o.role}: {o.outcome}.** {o.reason}" for o in judged.overrides]
    lines = [
        f"## Gate: {outcome_word(judged)}",
        "",
        verdict.reason,
        *(f"\n{line}" for line in said),
        *(head + rows if rows else []),
        "",
        f"Study `{judged.row.name}` ({judged.row.kind.value}), attempt {judged.report.attempt}, "
        f"hash `{judged.row.hash[:8]}`, {verdict.n} people. A necessary check, not a promise of "
        "sales: measure engagement by arm.",
    ]
    return "\n".join(lines)


def as_junit(judged: Judged) -> str:
    """One test case a criterion: failed where it failed, skipped while it is open."""
    found = {c.name: c for c in judged.verdict.criteria}
    names = [criterion.name for criterion in judged.report.policy.criteria]
    cases = [_case(name, found.get(name), judged) for name in names]
    failed = sum("<failure" in case for case in cases)
    skipped = sum("<skipped" in case for case in cases)
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f"<testsuite name={quoteattr(f'brandswipe gate {judged.row.name}')} "
            f'tests="{len(cases)}" failures="{failed}" errors="0" skipped="{skipped}">',
            *cases,
            f"  <system-out>{escape(judged.verdict.reason)}</system-out>",
            "</testsuite>",
        ]
    )


def _case(name: str, found: CriterionVerdict | None, judged: Judged) -> str:
    """A criterion that passed is open all the same while the limits keep the study undecided."""
    reason = quoteattr(judged.verdict.reason)
    released = judged.verdict.outcome is Outcome.RELEASE
    if found is not None and found.failed and judged.verdict.outcome is Outcome.HOLD:
        inside = f"<failure message={reason}/>"
    elif found is not None and (released or (found.passed and judged.decision is not None)):
        inside = ""
    else:
        inside = f"<skipped message={reason}/>"
    return f'  <testcase classname="brandswipe.gate" name={quoteattr(name)}>{inside}</testcase>'


def _state(found: CriterionVerdict) -> str:
    return "passed" if found.passed else "failed" if found.failed else "open"
