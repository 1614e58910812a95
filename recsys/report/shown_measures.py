"""Measures that are shown and decide nothing: one that fails reads unknown, and the verdict stands.

A criterion never goes through here: where it cannot be computed there is no verdict.
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
    error: str  # its kind and its place in the code; no value, which may be of one person


class ShownMeasures:
    """Computes shown measures and keeps the failures, for the caller to report."""

    def __init__(self) -> None:
        self.failures: list[Failure] = []

    def compute(self, measure: str, compute: Callable[[], Value], unknown: Value) -> Value:
        """Return what `compute` returns. Where it raises, keep the failure and return `unknown`.

        Every kind of error counts, a programming error as well: none may stop a verdict.
        """
        try:
            return compute()
        except Exception as error:
            self.failures.append(Failure(measure, described(error)))
            return unknown


def described(error: Exception) -> str:
    """Return the kind of an error and the innermost place that raised it."""
    *_, (frame, line) = walk_tb(error.__traceback__)
    module, function = frame.f_globals.get("__name__"), frame.f_code.co_name
    return f"{type(error).__name__} at {module}:{line} {function}"
