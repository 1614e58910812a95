"""The tables of dealt decks, of their closings and of their scores."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from json import dumps
from typing import Any

from app.storage.study_db.database import DbRow
from app.storage.study_db.hash_chain import ChainedDatabase
from app.storage.study_db.records import ClosedBy, Closing, DealtDeck, DeckOutline, StoredDeck
from app.storage.study_db.row_codec import (
    canonical_json,
    closing_from_row,
    dealt_from_row,
    deck_from_row,
    deck_to_row,
    outline_from_row,
    stored_deck_from_row,
)
from recsys.errors import IllegalSwipeError
from recsys.study.deck import Deck

_CLOSINGS_SQL = (
    "select s.study, s.number, s.why_not, s.score, c.deck, c.closed_at, c.by from scores s "
    "left join closings c on c.study = s.study and c.number = s.number "
)


class DeckTable:
    """Tables with one row for a dealt deck, one for its closing and one for its score."""

    def __init__(self, db: ChainedDatabase) -> None:
        self.db = db

    def add(
        self,
        deck: Deck,
        event_store_version: str,
        timings: Mapping[str, float],
        hours: float = 24,
        language: str | None = None,
    ) -> DealtDeck:
        """Store a deck as dealt now; its time is over after `hours`. `timings` are milliseconds."""
        now = self.db.clock()
        row = deck_to_row(deck) | {
            "event_store_version": event_store_version,
            "dealt_at": now,
            "closes_at": now + round(hours * 3_600_000),
            "timings": canonical_json(timings),
            "language": language,
        }
        with self.db.transaction():
            participant = {"pseudonym": deck.participant, "first_seen": now}
            self.db.insert("participants", [participant], ignore=True)
            self.db.append_linked("decks", [row])
        return dealt_from_row(row)

    def get(self, id: str) -> DealtDeck:
        """Return a deck. Raises IllegalSwipeError if it does not exist or was erased."""
        return dealt_from_row(self._deck_row(id))

    def outline(self, deck: str) -> DeckOutline:
        """Return the facts of a deck for checking incoming swipes. Fast: it parses no cards.

        Raises IllegalSwipeError if the deck does not exist or was erased.
        """
        sql = (
            "select id, participant, json_array_length(cards) as cards, dealt_at "
            "from decks where id = ?"
        )
        return outline_from_row(require_deck(self.db.query_one(sql, deck)))

    def of_study(self, study: str) -> list[DealtDeck]:
        """Return the decks of a study in the order of dealing."""
        return [
            dealt_from_row(row)
            for row in self.db.query("select * from decks where study = ? order by seq", study)
        ]

    def of_participant(self, participant: str) -> list[DealtDeck]:
        """Return the decks of a participant in the order of dealing."""
        sql = "select * from decks where participant = ? order by seq"
        return [dealt_from_row(row) for row in self.db.query(sql, participant)]

    def overdue(self, study: str) -> list[DealtDeck]:
        """Return the decks of a study that are not closed although their time is over."""
        sql = (
            "select d.* from decks d left join closings c on c.deck = d.id "
            "where d.study = ? and d.closes_at <= ? and c.deck is null order by d.seq"
        )
        return [dealt_from_row(row) for row in self.db.query(sql, study, self.db.clock())]

    def with_closings(self, studies: Sequence[str]) -> list[StoredDeck]:
        """Return the decks of some studies in the order of dealing, with their closing times."""
        sql = (
            "select d.*, c.number, c.closed_at from decks d left join closings c on c.deck = d.id "
            "where d.study in (select value from json_each(?)) order by d.seq"
        )
        return [stored_deck_from_row(row) for row in self.db.query(sql, dumps(studies))]

    def scores(self, study: str) -> list[Closing]:
        """Return number, exclusion and score of every closed deck of a study, in order of closing.

        Reads neither the deck nor its closing time.
        """
        sql = (
            "select study, number, why_not, score, null as deck, null as closed_at, null as by "
            "from scores where study = ? order by number"
        )
        return [closing_from_row(row) for row in self.db.query(sql, study)]

    def counted(self, study: str) -> int:
        """Return how many closed decks of a study count."""
        sql = "select count(*) as n from scores where study = ? and why_not is null"
        return int(self.db.query(sql, study)[0]["n"])

    def close(
        self,
        deck: str,
        closed_by: ClosedBy,
        score: Mapping[str, Any] | None,
        exclusion: str | None = None,
        closed_at: int | None = None,
    ) -> Closing:
        """Close a deck with its criterion scores, once; a later call returns the first closing.

        `closed_at` is now by default.
        """
        closed_at = self.db.clock() if closed_at is None else closed_at
        with self.db.transaction():
            study = self._deck_row(deck)["study"]
            if (existing := self.closing(deck)) is not None:
                return existing
            sql = "select coalesce(max(number), 0) + 1 as n from scores where study = ?"
            key: DbRow = {"study": study, "number": self.db.query(sql, study)[0]["n"]}
            outcome = {
                "score": None if score is None else canonical_json(score),
                "why_not": exclusion,
            }
            self.db.append_linked("scores", [key | outcome])
            closing: DbRow = {"deck": deck, "closed_at": closed_at, "by": closed_by.value}
            self.db.insert("closings", [key | closing])
        return closing_from_row(key | outcome | closing)

    def is_closed(self, dealt: DealtDeck) -> bool:
        """Return whether a deck is closed or its time is over."""
        return dealt.closes_at <= self.db.clock() or self.closing(dealt.deck.id) is not None

    def closing(self, deck: str) -> Closing | None:
        """Return the stored closing of a deck, or None if there is none."""
        row = self.db.query_one(_CLOSINGS_SQL + "where c.deck = ?", deck)
        return None if row is None else closing_from_row(row)

    def closings(self, study: str) -> list[Closing]:
        """Return the closings of a study in order, those of withdrawn decks included."""
        rows = self.db.query(_CLOSINGS_SQL + "where s.study = ? order by s.number", study)
        return [closing_from_row(row) for row in rows]

    def mismatches(self, deck_hash: Callable[[Deck], str]) -> Iterator[str]:
        """Yield a message for each stored deck that does not match its hash."""
        for row in self.db.query("select * from decks order by seq"):
            try:
                if deck_hash(deck_from_row(row)) != row["hash"]:
                    yield f"deck {row['id']} differs"
            except (ValueError, KeyError, TypeError):
                yield f"deck {row['id']} cannot be read"

    def _deck_row(self, id: str) -> DbRow:
        return require_deck(self.db.query_one("select * from decks where id = ?", id))


def require_deck(row: DbRow | None) -> DbRow:
    """Return the row of a deck. Raises IllegalSwipeError if there is none."""
    if row is None:
        raise IllegalSwipeError("This deck is not here, or no longer. Reload the page.")
    return row
