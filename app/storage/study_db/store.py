"""The study database: decks, swipes and closings; the other tables are parts of it.

Rows are added, never changed; times are milliseconds since 1970.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from app.storage.study_db.database import DbRow
from app.storage.study_db.invitations import InvitationsTable
from app.storage.study_db.jobs import JobsTable
from app.storage.study_db.participants import ParticipantsTable
from app.storage.study_db.records import (
    ClosedBy,
    Closing,
    CurrentAnswers,
    DealtDeck,
    DeckOutline,
    IncomingSwipe,
    RejectionReason,
    StudyRow,
    SwipeReceipt,
    study_of,
)
from app.storage.study_db.row_codec import (
    canonical_json,
    closing_from_row,
    dealt_from_row,
    deck_from_row,
    deck_to_row,
    outline_from_row,
    swipe_from_row,
    swipe_to_row,
)
from app.storage.study_db.studies import StudiesTable
from recsys.errors import IllegalSwipeError
from recsys.study.deck import Deck, deck_hash
from recsys.study.swipes import Answer, Swipe

_CLOSINGS_SQL = (
    "select s.study, s.number, s.why_not, s.score, c.deck, c.closed_at, c.by from scores s "
    "left join closings c on c.study = s.study and c.number = s.number "
)
_COUNTED_SQL = "from swipes w join decks d on d.id = w.deck where d.study = ? and w.late = 0 "


class StudyStore(StudiesTable, InvitationsTable, ParticipantsTable, JobsTable):
    """Studies, decks, swipes, closings and decisions. Without a path it lives in memory."""

    def add_deck(
        self,
        deck: Deck,
        event_store_version: str,
        timings: Mapping[str, float],
        hours: float = 24,
        language: str | None = None,
    ) -> DealtDeck:
        """Write a deck down, dealt now; it closes by itself after `hours`."""
        now = self.clock()
        row = deck_to_row(deck) | {
            "event_store_version": event_store_version,
            "dealt_at": now,
            "closes_at": now + round(hours * 3_600_000),
            "timings": canonical_json(timings),
            "language": language,
        }
        with self._transaction():
            self._add_participant(deck.participant)
            self._append_linked("decks", [row])
        return dealt_from_row(row)

    def deck(self, id: str) -> DealtDeck:
        """Return a deck. Raises IllegalSwipeError where it is not here, or no longer."""
        return dealt_from_row(self._deck_row(id))

    def deck_outline(self, deck: str) -> DeckOutline:
        """Return what a post for a deck is checked against; its cards stay unread, which is cheap.

        Raises IllegalSwipeError where the deck is not here, or no longer.
        """
        sql = (
            "select id, participant, json_array_length(cards) as cards, dealt_at "
            "from decks where id = ?"
        )
        return outline_from_row(_require_row(self._query_one(sql, deck)))

    def decks_of(self, study: str) -> list[DealtDeck]:
        """Return the decks of a study in the order of dealing."""
        return [
            dealt_from_row(row)
            for row in self._query("select * from decks where study = ? order by seq", study)
        ]

    def decks_by(self, participant: str) -> list[DealtDeck]:
        """Return the decks of a participant in the order of dealing."""
        sql = "select * from decks where participant = ? order by seq"
        return [dealt_from_row(row) for row in self._query(sql, participant)]

    def overdue_decks(self, study: str) -> list[DealtDeck]:
        """Return the decks of a study whose time is over and that nobody has closed yet."""
        sql = (
            "select d.* from decks d left join closings c on c.deck = d.id "
            "where d.study = ? and d.closes_at <= ? and c.deck is null order by d.seq"
        )
        return [dealt_from_row(row) for row in self._query(sql, study, self.clock())]

    def add_swipes(self, deck: str, swipes: Iterable[IncomingSwipe]) -> SwipeReceipt:
        """Store what is new in one transaction; say what of the post is safely there.

        A swipe that came before (the same deck and id) is acknowledged and not stored again.
        Raises IllegalSwipeError where the deck is not here.
        """
        by_id: dict[str, IncomingSwipe] = {}
        for swipe in swipes:
            by_id.setdefault(swipe.id, swipe)
        with self._transaction():
            closed = self._is_closed(self._deck_row(deck))
            stored = self._query("select id, server_seq, late from swipes where deck = ?", deck)
            new = [swipe for id, swipe in by_id.items() if id not in {k["id"] for k in stored}]
            last = max((row["server_seq"] for row in stored), default=0)
            shared = {"deck": deck, "received_at": self.clock(), "late": int(closed)}
            self._append_linked(
                "swipes",
                [
                    swipe_to_row(swipe) | shared | {"server_seq": n}
                    for n, swipe in enumerate(new, last + 1)
                ],
            )
        late = {row["id"] for row in stored if row["late"]} | {s.id for s in new if closed}
        return SwipeReceipt(tuple(by_id), tuple(i for i in by_id if i in late), closed)

    def swipes_of(self, deck: str, late: bool = False) -> list[Swipe]:
        """Return the counted swipes of a deck, or those that came too late, as they came."""
        sql = "select * from swipes where deck = ? and late = ? order by server_seq"
        return [swipe_from_row(row) for row in self._query(sql, deck, int(late))]

    def swipe_ids(self, deck: str) -> set[str]:
        """Return the ids of every stored swipe of a deck, late ones included."""
        return {row["id"] for row in self._query("select id from swipes where deck = ?", deck)}

    def current_answers(self, deck: str) -> dict[int, Answer]:
        """Return the current answer on each position of a deck, read in one query."""
        sql = "select position, answer from swipes where deck = ? and late = 0 order by server_seq"
        latest = {row["position"]: row["answer"] for row in self._query(sql, deck)}
        return {position: Answer(answer) for position, answer in latest.items() if answer}

    def current_answers_by_deck(self, study: str) -> dict[str, CurrentAnswers]:
        """Return what counts of every deck of a study that has swipes; one query."""
        answers: dict[str, dict[int, str | None]] = defaultdict(dict)
        shown: dict[str, dict[int, int]] = defaultdict(dict)
        devices: dict[str, str] = {}
        sql = (
            f"select w.deck, position, answer, shown_ms, device_class {_COUNTED_SQL} order by w.seq"
        )
        for row in self._query(sql, study):
            devices.setdefault(row["deck"], row["device_class"])
            answers[row["deck"]][row["position"]] = row["answer"]
            longest = max(row["shown_ms"] or 0, shown[row["deck"]].get(row["position"], 0))
            shown[row["deck"]][row["position"]] = longest
        return {
            deck: CurrentAnswers(
                {p: Answer(a) for p, a in said.items() if a}, shown[deck], devices[deck]
            )
            for deck, said in answers.items()
        }

    def close_deck(
        self,
        deck: str,
        closed_by: ClosedBy,
        score: Mapping[str, Any] | None,
        exclusion: str | None = None,
    ) -> Closing:
        """Close a deck with its criterion scores, once; a later call returns the first closing."""
        with self._transaction():
            study = self._deck_row(deck)["study"]
            if (existing := self.closing(deck)) is not None:
                return existing
            sql = "select coalesce(max(number), 0) + 1 as n from scores where study = ?"
            key: DbRow = {"study": study, "number": self._query(sql, study)[0]["n"]}
            outcome = {
                "score": None if score is None else canonical_json(score),
                "why_not": exclusion,
            }
            self._append_linked("scores", [key | outcome])
            closing: DbRow = {"deck": deck, "closed_at": self.clock(), "by": closed_by.value}
            self._insert("closings", [key | closing])
        return closing_from_row(key | outcome | closing)

    def closing(self, deck: str) -> Closing | None:
        """Return how a deck was closed, or None where it is open."""
        row = self._query_one(_CLOSINGS_SQL + "where c.deck = ?", deck)
        return None if row is None else closing_from_row(row)

    def closings(self, study: str) -> list[Closing]:
        """Return the closed decks of a study in order, withdrawn ones included."""
        rows = self._query(_CLOSINGS_SQL + "where s.study = ? order by s.number", study)
        return [closing_from_row(row) for row in rows]

    def add_rejection(self, deck: str, position: int, reason: RejectionReason) -> None:
        """Keep why somebody refused a pick. Apart from the answers; no verdict reads it.

        What she said last on the card already is not stored again.
        """
        row = {"deck": deck, "position": position, "reason": reason.value, "at": self.clock()}
        with self._transaction():
            if self.rejections_of(deck).get(position, RejectionReason.TAKEN_BACK) is not reason:
                self._insert("refusals", [row])

    def rejections_of(self, deck: str) -> dict[int, RejectionReason]:
        """Return the reasons that stand, by position: the latest of each card, none taken back."""
        sql = "select position, reason from refusals where deck = ? order by id"
        latest = {row["position"]: RejectionReason(row["reason"]) for row in self._query(sql, deck)}
        return {
            place: why for place, why in latest.items() if why is not RejectionReason.TAKEN_BACK
        }

    def verify(
        self, deck_hash: Callable[[Deck], str], study_hash: Callable[[StudyRow], str]
    ) -> list[str]:
        """Name everything that is not what was written; an empty list where all is well."""
        orphans = "select distinct deck from swipes where deck not in (select id from decks)"
        return [
            *self._study_mismatches(study_hash),
            *self._invitation_mismatches(),
            *self._deck_mismatches(deck_hash),
            *(f"deck {row['deck']} is gone, its swipes are there" for row in self._query(orphans)),
            *self.broken_links(),
        ]

    def _deck_mismatches(self, deck_hash: Callable[[Deck], str]) -> Iterator[str]:
        for row in self._query("select * from decks order by seq"):
            try:
                if deck_hash(deck_from_row(row)) != row["hash"]:
                    yield f"deck {row['id']} differs"
            except (ValueError, KeyError, TypeError):
                yield f"deck {row['id']} cannot be read"

    def _deck_row(self, id: str) -> DbRow:
        return _require_row(self._query_one("select * from decks where id = ?", id))

    def _is_closed(self, row: DbRow) -> bool:
        is_overdue = bool(row["closes_at"] <= self.clock())
        return (
            is_overdue
            or self._query_one("select 1 from closings where deck = ?", row["id"]) is not None
        )


def _require_row(row: DbRow | None) -> DbRow:
    if row is None:
        raise IllegalSwipeError("This deck is not here, or no longer. Reload the page.")
    return row


def what_differs(store: StudyStore) -> list[str]:
    """Name everything in the store that is not what was written."""
    return store.verify(deck_hash, lambda row: study_of(row).hash)


_PART_KEYWORDS = {
    "policy": ("policy", "studies"),
    "model": ("model", "challenger", "papers"),
    "decks": ("deck",),
    "answers": ("swipes", "scores"),
    "invitations": ("invitations", "invited"),
    "decision": ("decisions", "overrides"),
}


def mismatched_parts(mismatches: Iterable[str]) -> list[str]:
    """Name the parts of a study that these sentences speak of; the chain where they name none."""
    text = " ".join(mismatches)
    parts = [part for part, words in _PART_KEYWORDS.items() if any(word in text for word in words)]
    return parts or ["the chain of rows"]
