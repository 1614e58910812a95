"""How far the people on an invitation list came, as it is published."""

from collections.abc import Mapping

from app.store import Store
from recsys.report import Report
from recsys.tables import Unit


def how_far(
    store: Store, study: str, report: Report
) -> tuple[int | None, int | None, Mapping[str, int]]:
    """Return how many are invited, said yes and came to each step; without a list, nothing.

    All but the first in whole cells, as of the moment when the last published batch was full.
    """
    invited, rule = store.invited(study), report.policy
    if invited is None:
        return None, None, {}
    counted = [closing for closing in store.closings(study) if closing.why_not is None]
    published = (closing.closed_at or 0 for closing in counted[: report.players.counted])
    until, unit = max(published, default=0), Unit(rule.batch, rule.cell)
    reached = {step.value: unit.cells(n) for step, n in store.reached(study, until).items()}
    return invited, unit.cells(store.agreed(study, until)), reached
