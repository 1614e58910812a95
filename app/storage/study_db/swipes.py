"""The tables of swipes and of rejection reasons; the current answers of a deck."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from json import dumps

from app.storage.study_db.database import DbRow
from app.storage.study_db.decks import require_deck
from app.storage.study_db.hash_chain import ChainedDatabase
from app.storage.study_db.records import (
    CurrentAnswers,
    IncomingSwipe,
    RejectionReason,
    SwipeReceipt,
)
from app.storage.study_db.row_codec import swipe_from_row, swipe_to_row
from recsys.study.swipes import Answer, Swipe, current_answers


class SwipeTable:
    """Tables with one row per swipe or rejection reason. Rows are added, never changed."""

    def __init__(self, db: ChainedDatabase) -> None:
        self.db = db

    def add(self, deck: str, swipes: Iterable[IncomingSwipe]) -> SwipeReceipt:
        """Store the new swipes in one transaction; return which swipes are safely stored.

        Idempotent: a known swipe (same deck and id) is acknowledged and not stored again. Raises
        IllegalSwipeError if the deck does not exist.
        """
        by_id: dict[str, IncomingSwipe] = {}
        for swipe in swipes:
            by_id.setdefault(swipe.id, swipe)
        with self.db.transaction():
            closed = self._is_closed(deck)
            stored = self.db.query("select id, server_seq, late from swipes where deck = ?", deck)
            new = [swipe for id, swipe in by_id.items() if id not in {k["id"] for k in stored}]
            last = max((row["server_seq"] for row in stored), default=0)
            shared = {"deck": deck, "received_at": self.db.clock(), "late": int(closed)}
            self.db.append_linked(
                "swipes",
                [
                    swipe_to_row(swipe) | shared | {"server_seq": n}
                    for n, swipe in enumerate(new, last + 1)
                ],
            )
        late = {row["id"] for row in stored if row["late"]} | {s.id for s in new if closed}
        return SwipeReceipt(tuple(by_id), tuple(i for i in by_id if i in late), closed)

    def of_deck(self, deck: str, late: bool = False) -> list[Swipe]:
        """Return the counted swipes of a deck, or those received too late, in order of receipt."""
        sql = "select * from swipes where deck = ? and late = ? order by server_seq"
        return [swipe_from_row(row) for row in self.db.query(sql, deck, int(late))]

    def ids(self, deck: str) -> set[str]:
        """Return the ids of all stored swipes of a deck, late ones included."""
        return {row["id"] for row in self.db.query("select id from swipes where deck = ?", deck)}

    def current_answers(self, deck: str) -> Mapping[int, Answer]:
        """Return position -> current answer of a deck."""
        return self.current(deck).get(deck, NO_ANSWERS).answers

    def current(self, *decks: str) -> dict[str, CurrentAnswers]:
        """Return the current answers of each given deck that has swipes, in one query."""
        by_deck: dict[str, list[DbRow]] = defaultdict(list)
        sql = (
            "select deck, server_seq, position, answer, shown_ms, device_class from swipes "
            "where deck in (select value from json_each(?)) and late = 0 order by deck, server_seq"
        )
        for row in self.db.query(sql, dumps(decks)):
            by_deck[row["deck"]].append(row)
        return {deck: _current_from_rows(rows) for deck, rows in by_deck.items()}

    def add_rejection(self, deck: str, position: int, reason: RejectionReason) -> None:
        """Store why a participant refused a pick. It is not an answer; no verdict reads it.

        A reason that is already the current one of the card is not stored again.
        """
        row = {"deck": deck, "position": position, "reason": reason.value, "at": self.db.clock()}
        with self.db.transaction():
            if self.rejections(deck).get(position, RejectionReason.TAKEN_BACK) is not reason:
                self.db.insert("refusals", [row])

    def rejections(self, deck: str) -> dict[int, RejectionReason]:
        """Return the current reason by position: the latest of each card, unless taken back."""
        sql = "select position, reason from refusals where deck = ? order by id"
        latest = {
            row["position"]: RejectionReason(row["reason"]) for row in self.db.query(sql, deck)
        }
        return {
            place: why for place, why in latest.items() if why is not RejectionReason.TAKEN_BACK
        }

    def _is_closed(self, deck: str) -> bool:
        """Return whether a deck is closed or overdue. Raises IllegalSwipeError if unknown."""
        sql = (
            "select d.closes_at, c.deck as closed from decks d "
            "left join closings c on c.deck = d.id where d.id = ?"
        )
        row: DbRow = require_deck(self.db.query_one(sql, deck))
        return row["closed"] is not None or row["closes_at"] <= self.db.clock()


NO_ANSWERS = CurrentAnswers({}, {})


def _current_from_rows(rows: list[DbRow]) -> CurrentAnswers:
    """Return the current answers of one deck from its swipes in the order of `server_seq`."""
    shown: dict[int, int] = {}
    for row in rows:
        shown[row["position"]] = max(row["shown_ms"] or 0, shown.get(row["position"], 0))
    answers = ((row["server_seq"], row["position"], row["answer"]) for row in rows)
    return CurrentAnswers(current_answers(answers), shown, rows[0]["device_class"])
