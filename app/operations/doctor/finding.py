"""The finding of a check: a state, a message and a remedy."""

from dataclasses import dataclass
from enum import StrEnum


class CheckState(StrEnum):
    """The state that a check reports, from best to worst."""

    WELL = "well"  # no problem
    IDLE = "idle"  # not in use here
    ADVICE = "advice"  # it works, but could be better
    MEND = "mend"  # it does not work, or not safely
    BROKEN = "broken"  # stored data fails its integrity check


@dataclass(frozen=True, slots=True)
class Finding:
    """A state, a sentence about it, and a remedy (sentence or command), "" if none is needed."""

    state: CheckState
    message: str
    remedy: str = ""


def finding_to_row(finding: Finding) -> dict[str, str]:
    """Return a finding as the command `doctor` prints it."""
    return {"state": finding.state.value, "said": finding.message, "mend": finding.remedy}


def well(message: str) -> Finding:
    """Return the finding that there is no problem."""
    return Finding(CheckState.WELL, message)


def idle(message: str) -> Finding:
    """Return the finding that the checked part is not in use."""
    return Finding(CheckState.IDLE, message)


def advice(message: str, remedy: str) -> Finding:
    """Return the finding that something could be better."""
    return Finding(CheckState.ADVICE, message, remedy)


def problem(message: str, remedy: str = "") -> Finding:
    """Return the finding that something must be repaired."""
    return Finding(CheckState.MEND, message, remedy)


def broken(message: str, remedy: str = "") -> Finding:
    """Return the finding that stored data fails its integrity check."""
    return Finding(CheckState.BROKEN, message, remedy)
