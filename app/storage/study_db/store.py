"""The only SQL of the study. Rows are added, never changed; times are milliseconds since 1970."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from app.storage.study_db.database import Row
from app.storage.study_db.invitations import InvitationRows
from app.storage.study_db.jobs import JobRows
from app.storage.study_db.participants import PeopleRows
from app.storage.study_db.records import (
    ClosedBy,
    Closing,
    DealtDeck,
    Incoming,
    Outline,
    Receipt,
    Refusal,
    Standing,
    StudyRow,
    study_of,
)
from app.storage.study_db.row_codec import (
    canonical,
    closing_from_row,
    dealt_from_row,
    deck_from_row,
    deck_to_row,
    outline_from_row,
    swipe_from_row,
    swipe_to_row,
)
from app.storage.study_db.studies import StudyRows
from recsys.errors import IllegalSwipeError
from recsys.study.deck import Deck, deck_hash
from recsys.study.swipes import Answer, Swipe

_CLOSINGS = (
    "select s.study, s.number, s.why_not, s.score, c.deck, c.closed_at, c.by from scores s "
    "left join closings c on c.study = s.study and c.number = s.number "
)
_COUNTED = "from swipes w join decks d on d.id = w.deck where d.study = ? and w.late = 0 "


class Store(StudyRows, InvitationRows, PeopleRows, JobRows):
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
            "timings": canonical(timings),
            "language": language,
        }
        with self._writing():
            self._meet(deck.participant)
            self._append("decks", [row])
        return dealt_from_row(row)

    def deck(self, id: str) -> DealtDeck:
        """Return a deck. Raises IllegalSwipeError where it is not here, or no longer."""
        return dealt_from_row(self._deck_row(id))

    def outline(self, deck: str) -> Outline:
        """Return what a post for a deck is checked against; its cards stay unread, which is cheap.

        Raises IllegalSwipeError where the deck is not here, or no longer.
        """
        sql = (
            "select id, participant, json_array_length(cards) as cards, dealt_at "
            "from decks where id = ?"
        )
        return outline_from_row(_here(self._one(sql, deck)))

    def decks_of(self, study: str) -> list[DealtDeck]:
        """Return the decks of a study in the order of dealing."""
        return [
            dealt_from_row(row)
            for row in self._rows("select * from decks where study = ? order by seq", study)
        ]

    def decks_by(self, participant: str) -> list[DealtDeck]:
        """Return the decks of a participant in the order of dealing."""
        sql = "select * from decks where participant = ? order by seq"
        return [dealt_from_row(row) for row in self._rows(sql, participant)]

    def overdue(self, study: str) -> list[DealtDeck]:
        """Return the decks of a study whose time is over and that nobody has closed yet."""
        sql = (
            "select d.* from decks d left join closings c on c.deck = d.id "
            "where d.study = ? and d.closes_at <= ? and c.deck is null order by d.seq"
        )
        return [dealt_from_row(row) for row in self._rows(sql, study, self.clock())]

    def add_swipes(self, deck: str, swipes: Iterable[Incoming]) -> Receipt:
        """Store what is new in one transaction; say what of the post is safely there.

        A swipe that came before (the same deck and id) is acknowledged and not stored again.
        Raises IllegalSwipeError where the deck is not here.
        """
        sent: dict[str, Incoming] = {}
        for swipe in swipes:
            sent.setdefault(swipe.id, swipe)
        with self._writing():
            closed = self._is_closed(self._deck_row(deck))
            known = self._rows("select id, server_seq, late from swipes where deck = ?", deck)
            new = [swipe for id, swipe in sent.items() if id not in {k["id"] for k in known}]
            last = max((row["server_seq"] for row in known), default=0)
            shared = {"deck": deck, "received_at": self.clock(), "late": int(closed)}
            self._append(
                "swipes",
                [
                    swipe_to_row(swipe) | shared | {"server_seq": n}
                    for n, swipe in enumerate(new, last + 1)
                ],
            )
        late = {row["id"] for row in known if row["late"]} | {s.id for s in new if closed}
        return Receipt(tuple(sent), tuple(i for i in sent if i in late), closed)

    def swipes_of(self, deck: str, late: bool = False) -> list[Swipe]:
        """Return the counted swipes of a deck, or those that came too late, as they came."""
        sql = "select * from swipes where deck = ? and late = ? order by server_seq"
        return [swipe_from_row(row) for row in self._rows(sql, deck, int(late))]

    def swipe_ids(self, deck: str) -> set[str]:
        """Return the ids of every stored swipe of a deck, late ones included."""
        return {row["id"] for row in self._rows("select id from swipes where deck = ?", deck)}

    def answers_of(self, deck: str) -> dict[int, Answer]:
        """Return what stands of a deck by position, as `stand` finds it, read in one query."""
        sql = "select position, answer from swipes where deck = ? and late = 0 order by server_seq"
        said = {row["position"]: row["answer"] for row in self._rows(sql, deck)}
        return {position: Answer(answer) for position, answer in said.items() if answer}

    def standing(self, study: str) -> dict[str, Standing]:
        """Return what counts of every deck of a study that has swipes; one query."""
        answers: dict[str, dict[int, str | None]] = defaultdict(dict)
        shown: dict[str, dict[int, int]] = defaultdict(dict)
        devices: dict[str, str] = {}
        sql = f"select w.deck, position, answer, shown_ms, device_class {_COUNTED} order by w.seq"
        for row in self._rows(sql, study):
            devices.setdefault(row["deck"], row["device_class"])
            answers[row["deck"]][row["position"]] = row["answer"]
            longest = max(row["shown_ms"] or 0, shown[row["deck"]].get(row["position"], 0))
            shown[row["deck"]][row["position"]] = longest
        return {
            deck: Standing({p: Answer(a) for p, a in said.items() if a}, shown[deck], devices[deck])
            for deck, said in answers.items()
        }

    def close_deck(
        self,
        deck: str,
        by: ClosedBy,
        score: Mapping[str, Any] | None,
        why_not: str | None = None,
    ) -> Closing:
        """Close a deck with its criterion scores, once; a later call returns the first closing."""
        with self._writing():
            study = self._deck_row(deck)["study"]
            if (known := self.closing(deck)) is not None:
                return known
            sql = "select coalesce(max(number), 0) + 1 as n from scores where study = ?"
            key: Row = {"study": study, "number": self._rows(sql, study)[0]["n"]}
            said = {"score": None if score is None else canonical(score), "why_not": why_not}
            self._append("scores", [key | said])
            own: Row = {"deck": deck, "closed_at": self.clock(), "by": by.value}
            self._insert("closings", [key | own])
        return closing_from_row(key | said | own)

    def closing(self, deck: str) -> Closing | None:
        """Return how a deck was closed, or None where it is open."""
        row = self._one(_CLOSINGS + "where c.deck = ?", deck)
        return None if row is None else closing_from_row(row)

    def closings(self, study: str) -> list[Closing]:
        """Return the closed decks of a study in order, withdrawn ones included."""
        rows = self._rows(_CLOSINGS + "where s.study = ? order by s.number", study)
        return [closing_from_row(row) for row in rows]

    def add_refusal(self, deck: str, position: int, reason: Refusal) -> None:
        """Keep why somebody refused a pick. Apart from the answers; no verdict reads it.

        What she said last on the card already is not stored again.
        """
        row = {"deck": deck, "position": position, "reason": reason.value, "at": self.clock()}
        with self._writing():
            if self.refusals_of(deck).get(position, Refusal.TAKEN_BACK) is not reason:
                self._insert("refusals", [row])

    def refusals_of(self, deck: str) -> dict[int, Refusal]:
        """Return the reasons that stand, by position: the latest of each card, none taken back."""
        sql = "select position, reason from refusals where deck = ? order by id"
        said = {row["position"]: Refusal(row["reason"]) for row in self._rows(sql, deck)}
        return {place: why for place, why in said.items() if why is not Refusal.TAKEN_BACK}

    def verify(
        self, deck_hash: Callable[[Deck], str], study_hash: Callable[[StudyRow], str]
    ) -> list[str]:
        """Name everything that is not what was written; an empty list where all is well."""
        orphans = "select distinct deck from swipes where deck not in (select id from decks)"
        return [
            *self._studies_that_differ(study_hash),
            *self._invitations_that_differ(),
            *self._decks_that_differ(deck_hash),
            *(f"deck {row['deck']} is gone, its swipes are there" for row in self._rows(orphans)),
            *self.broken_links(),
        ]

    def _decks_that_differ(self, deck_hash: Callable[[Deck], str]) -> Iterator[str]:
        for row in self._rows("select * from decks order by seq"):
            try:
                if deck_hash(deck_from_row(row)) != row["hash"]:
                    yield f"deck {row['id']} differs"
            except (ValueError, KeyError, TypeError):
                yield f"deck {row['id']} cannot be read"

    def _deck_row(self, id: str) -> Row:
        return _here(self._one("select * from decks where id = ?", id))

    def _is_closed(self, row: Row) -> bool:
        over = bool(row["closes_at"] <= self.clock())
        return over or self._one("select 1 from closings where deck = ?", row["id"]) is not None


def _here(row: Row | None) -> Row:
    if row is None:
        raise IllegalSwipeError("This deck is not here, or no longer. Reload the page.")
    return row


def what_differs(store: Store) -> list[str]:
    """Name everything in the store that is not what was written."""
    return store.verify(deck_hash, lambda row: study_of(row).hash)


_PARTS = {
    "policy": ("policy", "studies"),
    "model": ("model", "challenger", "papers"),
    "decks": ("deck",),
    "answers": ("swipes", "scores"),
    "invitations": ("invitations", "invited"),
    "decision": ("decisions", "overrides"),
}


def parts_that_differ(differs: Iterable[str]) -> list[str]:
    """Name the parts of a study that these sentences speak of; the chain where they name none."""
    text = " ".join(differs)
    named = [part for part, words in _PARTS.items() if any(word in text for word in words)]
    return named or ["the chain of rows"]
