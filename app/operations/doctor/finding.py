"""What a check found, and what mends it."""

from dataclasses import dataclass
from enum import StrEnum


class CheckState(StrEnum):
    """How a check ended, from best to worst."""

    WELL = "well"
    IDLE = "idle"  # not in use here
    ADVICE = "advice"  # it works; something would be better
    MEND = "mend"  # it does not work, or not safely
    BROKEN = "broken"  # what is stored is not what was written


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence of what is so, and one of what to do where something is."""

    state: CheckState
    message: str
    remedy: str = ""


def finding_to_row(finding: Finding) -> dict[str, str]:
    """Return a finding as `doctor` prints it."""
    return {"state": finding.state.value, "said": finding.message, "mend": finding.remedy}


def well(message: str) -> Finding:
    """All is well."""
    return Finding(CheckState.WELL, message)


def idle(message: str) -> Finding:
    """Nothing of the kind is in use."""
    return Finding(CheckState.IDLE, message)


def advice(message: str, remedy: str) -> Finding:
    """Something could be better."""
    return Finding(CheckState.ADVICE, message, remedy)


def problem(message: str, remedy: str = "") -> Finding:
    """Something must be mended."""
    return Finding(CheckState.MEND, message, remedy)


def broken(message: str, remedy: str = "") -> Finding:
    """What is stored is not what was written."""
    return Finding(CheckState.BROKEN, message, remedy)
