"""All that the store knows of one person, told to her alone, and forgetting it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from typing import Any

from app.presentation.i18n import LANGUAGES, section
from app.storage.study_db.account_links import Way
from app.storage.study_db.records import DealtDeck, Forgotten, Gone
from app.storage.study_db.store import Store
from app.study.results import close_overdue
from app.workspace.workspace import House
from recsys.study.deck import Card
from recsys.study.swipes import Swipe, stand

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


WORDS = ("lead", "promise", "read", "kept", "yes", "no")
"""The texts of the welcome that she agrees to."""


@cache
def version() -> str:
    """Return the version of the wording: its hash over every language."""
    said = [section(language, "welcome") for language in LANGUAGES]
    words = "\n".join(texts[key] for texts in said for key in WORDS)
    return sha256(words.encode()).hexdigest()[:12]


def said(store: Store, participant: str) -> bool | None:
    """Return her last word on this wording, or None where she was not asked yet."""
    last = store.consent_of(participant)
    return last.yes if last is not None and last.text_version == version() else None


def note(store: Store, participant: str, yes: bool) -> None:
    """Keep her word."""
    store.consent(participant, version(), yes)


SCHEMA = 2
Link = tuple[Way, int] | None


def about(store: Store, participants: Iterable[str], link: Link = None) -> dict[str, Any]:
    """Return everything that is stored under these pseudonyms of hers, as JSON values.

    `link` says how and when a shop account was linked to her. Of a deck that is still open it
    leaves out who proposed a card: that would tell her the answers.
    """
    hers = list(participants)
    return {
        "schema": SCHEMA,
        "shop_account": None if link is None else {"linked_by": link[0], "at": _moment(link[1])},
        "invited_to": [
            row.name for row in store.studies() if any(store.is_invited(row.hash, w) for w in hers)
        ],
        "invited_as": [said for who in hers for said in _columns(store, who)],
        "counted_in": [  # a mark that outlives forgetting, until the study closes
            row.name for row in store.studies() if any(store.has_counted(row.hash, w) for w in hers)
        ],
        "steps": [said for who in hers for said in _steps(store, who)],
        "consents": [said for who in hers for said in _consents(store, who)],
        "decks": [_deck(store, dealt) for who in hers for dealt in store.decks_by(who)],
    }


def forget(store: Store, participants: Iterable[str]) -> Forgotten:
    """Erase everything under these pseudonyms; return how much went."""
    gone = [store.forget(who) for who in participants]
    return Forgotten(sum(one.decks for one in gone), sum(one.swipes for one in gone))


def _columns(store: Store, who: str) -> list[dict[str, str]]:
    return [
        {"study": row.name, "column": name, "value": value}
        for row in store.studies()
        for name, value in store.values_of(row.hash, who).items()
    ]


def _steps(store: Store, who: str) -> list[dict[str, Any]]:
    return [
        {"study": row.name, "step": step.value, "at": _moment(at)}
        for row in store.studies()
        for step, at in store.steps_of(row.hash, who)
    ]


def _consents(store: Store, who: str) -> list[dict[str, Any]]:
    return [
        {"wording": said.text_version, "yes": said.yes, "at": _moment(said.at)}
        for said in store.consents_of(who)
    ]


def _deck(store: Store, dealt: DealtDeck) -> dict[str, Any]:
    closing, deck = store.closing(dealt.deck.id), dealt.deck
    swipes = [*store.swipes_of(deck.id), *store.swipes_of(deck.id, late=True)]
    standing = stand(store.swipes_of(deck.id))
    return {
        "study": store.study(deck.study).name,
        "origin": deck.origin.value,
        "language": dealt.language,
        "dealt_at": _moment(dealt.dealt_at),
        "closed_at": None if closing is None else _moment(closing.closed_at),
        "counts": closing is not None and closing.why_not is None,
        "cards": [
            _card(card, closed=closing is not None)
            | {"answer": standing[card.position].value if card.position in standing else None}
            for card in deck.cards
        ],
        "swipes": [_swipe(swipe) for swipe in swipes],
        "refusals": {place: why.value for place, why in store.refusals_of(deck.id).items()},
    }


def _card(card: Card, closed: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "position": card.position, "brand": card.brand, "category": card.category,
    }  # fmt: skip
    if closed:
        told |= {"proposed_by": sorted(arm.value for arm in card.arms), "known": card.known}
    return told


def _swipe(swipe: Swipe) -> dict[str, Any]:
    return {
        "position": swipe.position,
        "kind": swipe.kind.value,
        "answer": swipe.answer.value if swipe.answer else None,
        "shown_ms": swipe.shown_ms,
        "input": swipe.input,
        "device_class": swipe.device_class,
        "received_at": _moment(swipe.received_at),
    }


def _moment(milliseconds: int | None) -> str | None:
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds")
