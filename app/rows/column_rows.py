"""What an invitation list says of people: a few coarse columns, under the marks of the invited."""

from collections import Counter
from collections.abc import Mapping, Sequence

from app.rows.ledger import Ledger
from app.rows.marks import mark
from recsys.errors import BadInputError

Columns = Mapping[str, Sequence[str]]
"""By the name of a column the value of each invited person, every value of a cell of people."""


class ColumnRows(Ledger):
    """Rows of single people, which are erased, and how many people have a value, which stays."""

    def _note_columns(self, study: str, marks: Sequence[str], columns: Columns) -> None:
        for name, values in columns.items():
            column = {"study": study, "name": name}
            self._insert(
                "invited_columns",
                [column | {"mark": m, "value": v} for m, v in zip(marks, values, strict=True)],
            )
            people = sorted(Counter(values).items())
            self._insert("invited_values", [column | {"value": v, "people": n} for v, n in people])

    def _check_columns(self, study: str, columns: Columns) -> None:
        """Refuse other columns for a list that is written down already."""
        if columns and set(columns) != set(self.listed(study)):
            raise BadInputError(
                "This list was invited with other columns: open a new study for these."
            )

    def listed(self, study: str) -> dict[str, dict[str, int]]:
        """Return by column how many invited people have each value; this is never erased."""
        found: dict[str, dict[str, int]] = {}
        sql = "select name, value, people from invited_values where study = ? order by id"
        for row in self._rows(sql, study):
            found.setdefault(str(row["name"]), {})[str(row["value"])] = int(row["people"])
        return found

    def values_of(self, study: str, pseudonym: str) -> dict[str, str]:
        """Return what is kept of an invited person, by column."""
        sql = "select name, value from invited_columns where study = ? and mark = ? order by id"
        rows = self._rows(sql, study, mark(study, pseudonym))
        return {str(row["name"]): str(row["value"]) for row in rows}

    def drop_columns(self, moment: int) -> None:
        """Erase what is kept of people on lists that were written down before this moment."""
        sql = (
            "delete from invited_columns where study in "
            "(select study from invitations where at < ?)"
        )
        with self._writing():
            self._db.execute(sql, [moment])
