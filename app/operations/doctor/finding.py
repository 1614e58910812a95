"""What a check found, and what mends it."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a check ended, from best to worst."""

    WELL = "well"
    IDLE = "idle"  # not in use here
    ADVICE = "advice"  # it works; something would be better
    MEND = "mend"  # it does not work, or not safely
    BROKEN = "broken"  # what is stored is not what was written


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence of what is so, and one of what to do where something is."""

    state: State
    said: str
    mend: str = ""


def finding_to_row(finding: Finding) -> dict[str, str]:
    """Return a finding as `doctor` prints it."""
    return {"state": finding.state.value, "said": finding.said, "mend": finding.mend}


def well(said: str) -> Finding:
    """All is well."""
    return Finding(State.WELL, said)


def idle(said: str) -> Finding:
    """Nothing of the kind is in use."""
    return Finding(State.IDLE, said)


def advice(said: str, mend: str) -> Finding:
    """Something could be better."""
    return Finding(State.ADVICE, said, mend)


def mend(said: str, mend: str = "") -> Finding:
    """Something must be mended."""
    return Finding(State.MEND, said, mend)


def broken(said: str, mend: str = "") -> Finding:
    """What is stored is not what was written."""
    return Finding(State.BROKEN, said, mend)
