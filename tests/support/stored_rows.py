"""What a study database holds, to see whether something was written."""

import re
from collections import Counter

from app.storage.study_db.store import StudyStore

TABLE = re.compile(r"\b(?:from|join)\s+\[?(\w+)", re.IGNORECASE)


def row_counts(store: StudyStore) -> dict[str, int]:
    """Return how many rows each table has."""
    tables = store.db.query("select name from sqlite_schema where type = 'table'")
    return {
        name: store.db.query(f"select count(*) as n from [{name}]")[0]["n"]
        for name in (row["name"] for row in tables)
    }


class Reads:
    """Counts how often each table is read, while a block runs."""

    def __init__(self, store: StudyStore) -> None:
        self._connection = store.db._db.conn
        self.counts: Counter[str] = Counter()

    def __enter__(self) -> Counter[str]:
        self._connection.set_trace_callback(
            lambda sql: self.counts.update(set(map(str.lower, TABLE.findall(sql))) - {"json_each"})
        )
        return self.counts

    def __exit__(self, *error: object) -> None:
        self._connection.set_trace_callback(None)
