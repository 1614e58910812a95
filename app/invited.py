"""How far the people on an invitation list came, as it is published."""

from collections.abc import Mapping
from functools import partial

from app import journal
from app.rows.records import Closing
from app.store import Store
from recsys.likeness import ListRow, against
from recsys.report import Report
from recsys.shown import ShownMeasures
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
    closed = (closing.closed_at or 0 for closing in _published(store, study, report))
    until, unit = max(closed, default=0), Unit(rule.batch, rule.cell)
    reached = {step.value: unit.cells(n) for step, n in store.reached(study, until).items()}
    return invited, unit.cells(store.agreed(study, until)), reached


def on_the_list(store: Store, study: str, report: Report) -> dict[str, tuple[ListRow, ...]]:
    """Return players against the invited by column of the list, as of the last published batch.

    A column that could not be compared has no rows.
    """
    columns, rule = store.listed(study), report.policy
    if not columns:
        return {}
    dealt = {each.deck.id: each.deck.participant for each in store.decks_of(study)}
    people = [dealt.get(one.deck or "") for one in _published(store, study, report)]
    said = [{} if who is None else store.values_of(study, who) for who in people]
    unit, shown, none = Unit(rule.batch, rule.cell), ShownMeasures(), tuple[ListRow, ...]()
    found = {
        name: shown.compute(
            "listed", partial(against, invited, [values.get(name) for values in said], unit), none
        )
        for name, invited in columns.items()
    }
    journal.not_computed(shown.failures)
    return found


def _published(store: Store, study: str, report: Report) -> list[Closing]:
    """Return the closed decks behind the report, in the order of closing."""
    counted = [closing for closing in store.closings(study) if closing.why_not is None]
    return counted[: report.players.counted]
