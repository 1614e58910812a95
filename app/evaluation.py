"""Offline evaluation on the event store: learn from the start of the log, ask about its end."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.fitting import policy_catalogue, read_evidence
from app.warehouse import Warehouse
from recsys.baseline import BASELINES
from recsys.errors import NotEnoughError
from recsys.events import Catalogue, Kind, Rows
from recsys.model import FitOptions, Progress, fit
from recsys.offline import Case, Line, evaluate
from recsys.policy import Policy
from recsys.signals import ItemFacts, summarise

HELD_OUT = 0.25  # the last quarter of the log's time
MOST_CASES = 2_000


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the rankers found, and of whom."""

    lines: list[Line]
    cut: int  # seconds since 1970; what came later was held out
    customers: int


def evaluate_offline(
    warehouse: Warehouse, policy: Policy, options: FitOptions, progress: Progress
) -> Evaluation:
    """Judge the model against its rivals on the end of the log.

    Raises NotEnoughError where the log has no times, or nobody bought in the held-out time.
    """
    cut = _cut(warehouse, options)
    catalogue = policy_catalogue(warehouse, policy)
    evidence = read_evidence(warehouse, catalogue, options, progress, until=cut)
    model = fit(evidence, catalogue, options, progress)
    rivals = [make(model.basis) for make in BASELINES.values()]
    cases = list(_cases(warehouse, catalogue, cut, options))
    if not cases:
        raise NotEnoughError("Nobody bought anything in the last quarter of the log.")
    lines = evaluate([model, *rivals], cases, options.seed, progress)
    return Evaluation(lines, cut, len(cases))


def _cut(warehouse: Warehouse, options: FitOptions) -> int:
    first = min(
        (int(rows["ts"].min()) for _, rows in warehouse.scan(options.sample, options.seed)),
        default=0,
    )
    if first >= warehouse.as_of:
        raise NotEnoughError(
            "The log has no times to split at. Evaluation needs a ts column in the events."
        )
    return first + round((warehouse.as_of - first) * (1 - HELD_OUT))


def _cases(
    warehouse: Warehouse, catalogue: Catalogue, cut: int, options: FitOptions
) -> Iterator[Case]:
    """Customers who did something before the cut and bought something after it."""
    share = min(1.0, 4 * MOST_CASES / max(1, warehouse.customers))
    facts, found = ItemFacts.of(catalogue), 0
    for numbers, rows in warehouse.scan(share, options.seed + 1):
        for at in _runs(numbers):
            case = _case(rows[at], facts, catalogue, cut)
            if case is not None:
                yield case
                found += 1
                if found == MOST_CASES:
                    return


def _runs(numbers: NDArray[np.int64]) -> Iterator[slice]:
    starts = np.flatnonzero(np.diff(numbers, prepend=-1))
    for start, stop in zip(starts, np.append(starts[1:], len(numbers)), strict=True):
        yield slice(int(start), int(stop))


def _case(rows: Rows, facts: ItemFacts, catalogue: Catalogue, cut: int) -> Case | None:
    before = summarise(rows, facts, cut)
    after = rows[(rows["ts"] > cut) & (rows["kind"] == Kind.PURCHASE)]
    codes = np.unique(facts.brand[after["item"]])
    codes = codes[codes >= 0]
    if not len(before) or not len(codes):
        return None
    return Case(
        before=before,
        bought=frozenset(str(catalogue.brands[code]) for code in codes),
        known=frozenset(str(catalogue.brands[code]) for code in before.brand),
    )
