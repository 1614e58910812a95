"""Which columns of a list of employees are kept, and how coarsely."""

from collections.abc import Sequence

from app.inviting import EMAILS, SUBJECT, Invited
from recsys.errors import BadInputError
from recsys.report.representativeness import coarse


def kept_columns(
    people: Sequence[Invited], names: str, cell: int
) -> dict[str, tuple[str, ...] | None]:
    """Return the values of the named columns, in the order of the people; None: too few are left.

    `names` has commas between. Raises BadInputError for a column that the list has not.
    """
    known = {name.strip().lower(): name for name in people[0].row}
    known = {low: name for low, name in known.items() if low and low not in (SUBJECT, *EMAILS)}
    found: dict[str, tuple[str, ...] | None] = {}
    for asked in filter(None, (name.strip() for name in names.split(","))):
        name = known.get(asked.lower())
        if name is None:
            listed = ", ".join(each.strip() for each in known.values()) or "none"
            raise BadInputError(f"The list has no column {asked!r} to keep; it has: {listed}.")
        found[name.strip()] = coarse([person.row[name] for person in people], cell)
    return found
