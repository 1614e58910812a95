"""Measures that are shown and decide nothing. If one fails, it is unknown, and the verdict stands.

Criteria never go through here: if a criterion cannot be computed, there is no verdict.
"""

from collections.abc import Callable
from dataclasses import dataclass
from traceback import walk_tb
from typing import TypeVar

from recsys.stats import Estimate

Value = TypeVar("Value")

REASON = "it could not be computed"
NOT_COMPUTED = Estimate.unknown(REASON)


@dataclass(frozen=True, slots=True)
class Failure:
    """A shown measure that could not be computed."""

    measure: str
    error: str  # type and place in the code; never a value: it could be about one person


class ShownMeasures:
    """A wrapper that computes shown measures and keeps their failures for the caller."""

    def __init__(self) -> None:
        self.failures: list[Failure] = []

    def compute(self, measure: str, compute: Callable[[], Value], unknown: Value) -> Value:
        """Return the result of `compute`. If it raises, keep the failure and return `unknown`.

        Every Exception is caught, also programming errors: no shown measure may stop a verdict.
        """
        try:
            return compute()
        except Exception as error:
            self.failures.append(Failure(measure, described(error)))
            return unknown


def described(error: Exception) -> str:
    """Return the type of an error and the innermost place in the code that raised it."""
    *_, (frame, line) = walk_tb(error.__traceback__)
    module, function = frame.f_globals.get("__name__"), frame.f_code.co_name
    return f"{type(error).__name__} at {module}:{line} {function}"
