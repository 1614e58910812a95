"""Nothing of a person is kept for ever: what is too old goes, whenever the server starts."""

from dataclasses import dataclass

from app.house import House
from app.rows.records import Gone
from app.studies import close_overdue

DAY_MS = 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Purged:
    """How much was too old."""

    people: int
    decks: int
    files: int  # of rows that an import could not use: they are a shop's own


def purge(house: House) -> Purged:
    """Forget everybody whose last visit is `keep_days` ago, and drop notes and files as old.

    Scores of closed decks stay, as when somebody is forgotten; a deck that nobody closed is closed
    first, so that age takes no score out of a study.
    """
    store, before = house.store, house.store.clock() - house.settings.keep_days * DAY_MS
    for row in store.studies():
        close_overdue(store, row)
    gone = [store.forget(who, Gone.TIME) for who in store.idle_since(before)]
    store.drop_log(before)
    store.drop_steps(before)
    store.drop_columns(before)
    done = Purged(len(gone), sum(one.decks for one in gone), _drop_rejects(house, before))
    if done != Purged(0, 0, 0):
        store.log("purged", people=done.people, decks=done.decks, files=done.files)
    return done


def _drop_rejects(house: House, before: int) -> int:
    old = [
        file
        for file in (house.workspace / "rejects").glob("*.csv")
        if file.stat().st_mtime * 1000 < before
    ]
    for file in old:
        file.unlink(missing_ok=True)
    return len(old)
