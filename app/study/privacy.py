"""Consent, export of personal data (for that person alone), erasure and retention."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from typing import Any

from app.presentation.i18n import LANGUAGES, section_texts
from app.storage.study_db.account_links import LinkMethod
from app.storage.study_db.records import DealtDeck, ErasureCounts, ErasureReason
from app.storage.study_db.store import StudyStore
from app.study.closing import settle_studies
from app.workspace.workspace import Workspace
from recsys.study.deck import Card
from recsys.study.swipes import Swipe

DAY_MS = 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class PurgeCounts:
    """Numbers of deleted people, decks and files."""

    people: int
    decks: int
    files: int  # of rows that an import rejected: they are data of the shop


def purge_expired(workspace: Workspace) -> PurgeCounts:
    """Erase everybody without activity for `keep_days`, and delete logs and files of that age.

    Scores of closed decks stay, as in every erasure. Overdue decks are closed first, so that
    retention removes no score from a study.
    """
    store, before = workspace.store, workspace.store.clock() - workspace.settings.keep_days * DAY_MS
    settle_studies(store)
    erased = [
        store.participants.forget(who, ErasureReason.EXPIRED)
        for who in store.participants.inactive_since(before)
    ]
    store.delete_log_before(before)
    store.invitations.delete_steps_before(before)
    store.invitations.delete_columns_before(before)
    purged = PurgeCounts(
        len(erased), sum(one.decks for one in erased), _delete_old_rejects(workspace, before)
    )
    if purged != PurgeCounts(0, 0, 0):
        store.log_event("purged", people=purged.people, decks=purged.decks, files=purged.files)
    return purged


def _delete_old_rejects(workspace: Workspace, before: int) -> int:
    old = [
        file
        for file in (workspace.folder / "rejects").glob("*.csv")
        if file.stat().st_mtime * 1000 < before
    ]
    for file in old:
        file.unlink(missing_ok=True)
    return len(old)


CONSENT_TEXTS = ("lead", "promise", "read", "kept", "yes", "no")
"""Keys of the texts on the welcome page that a participant agrees to."""


@cache
def consent_version() -> str:
    """Return the version of the consent text: a hash over all languages."""
    sections = [section_texts(language, "welcome") for language in LANGUAGES]
    wording = "\n".join(texts[key] for texts in sections for key in CONSENT_TEXTS)
    return sha256(wording.encode()).hexdigest()[:12]


def has_consented(store: StudyStore, participant: str) -> bool | None:
    """Return the participant's answer to the current consent text; None if there is none yet."""
    last = store.participants.consent_of(participant)
    return last.yes if last is not None and last.text_version == consent_version() else None


def record_consent(store: StudyStore, participant: str, yes: bool) -> None:
    """Store the participant's answer to the current consent text."""
    store.participants.record_consent(participant, consent_version(), yes)


SCHEMA_VERSION = 2
AccountLink = tuple[LinkMethod, int] | None


def personal_data(
    store: StudyStore, participants: Iterable[str], account_link: AccountLink = None
) -> dict[str, Any]:
    """Return everything that is stored under one person's pseudonyms, as JSON values.

    `account_link` says how and when the shop account was linked. An open deck is returned without
    the sources of its cards, because they would give the answers away.
    """
    pseudonyms = list(participants)
    return {
        "schema": SCHEMA_VERSION,
        "shop_account": None
        if account_link is None
        else {"linked_by": account_link[0], "at": _iso_time(account_link[1])},
        "invited_to": [
            row.name
            for row in store.studies.all()
            if any(store.invitations.includes(row.hash, w) for w in pseudonyms)
        ],
        "invited_as": [said for who in pseudonyms for said in _invitation_columns(store, who)],
        "counted_in": [  # a mark that stays after an erasure, until the study closes
            row.name
            for row in store.studies.all()
            if any(store.participants.has_counted(row.hash, w) for w in pseudonyms)
        ],
        "steps": [said for who in pseudonyms for said in _funnel_steps(store, who)],
        "consents": [said for who in pseudonyms for said in _consents(store, who)],
        "decks": [
            _deck_data(store, dealt)
            for who in pseudonyms
            for dealt in store.decks.of_participant(who)
        ],
    }


def forget_person(store: StudyStore, participants: Iterable[str]) -> ErasureCounts:
    """Erase everything under these pseudonyms; return how much was erased.

    Overdue decks are closed first: a score that a report already counts must stay.
    """
    settle_studies(store)
    erased = [store.participants.forget(who) for who in participants]
    return ErasureCounts(sum(one.decks for one in erased), sum(one.swipes for one in erased))


def _invitation_columns(store: StudyStore, pseudonym: str) -> list[dict[str, str]]:
    return [
        {"study": row.name, "column": name, "value": value}
        for row in store.studies.all()
        for name, value in store.invitations.column_values(row.hash, pseudonym).items()
    ]


def _funnel_steps(store: StudyStore, pseudonym: str) -> list[dict[str, Any]]:
    return [
        {"study": row.name, "step": step.value, "at": _iso_time(at)}
        for row in store.studies.all()
        for step, at in store.invitations.steps_of(row.hash, pseudonym)
    ]


def _consents(store: StudyStore, pseudonym: str) -> list[dict[str, Any]]:
    return [
        {"wording": said.text_version, "yes": said.yes, "at": _iso_time(said.at)}
        for said in store.participants.consents_of(pseudonym)
    ]


def _deck_data(store: StudyStore, dealt_deck: DealtDeck) -> dict[str, Any]:
    closing, deck = store.decks.closing(dealt_deck.deck.id), dealt_deck.deck
    swipes = [*store.swipes.of_deck(deck.id), *store.swipes.of_deck(deck.id, late=True)]
    answers = store.swipes.current_answers(deck.id)
    return {
        "study": store.studies.get(deck.study).name,
        "origin": deck.origin.value,
        "language": dealt_deck.language,
        "dealt_at": _iso_time(dealt_deck.dealt_at),
        "closed_at": None if closing is None else _iso_time(closing.closed_at),
        "counts": closing is not None and closing.why_not is None,
        "cards": [
            _card_data(card, closed=closing is not None)
            | {"answer": answers[card.position].value if card.position in answers else None}
            for card in deck.cards
        ],
        "swipes": [_swipe_data(swipe) for swipe in swipes],
        "refusals": {place: why.value for place, why in store.swipes.rejections(deck.id).items()},
    }


def _card_data(card: Card, closed: bool) -> dict[str, Any]:
    data: dict[str, Any] = {
        "position": card.position, "brand": card.brand, "category": card.category,
    }  # fmt: skip
    if closed:
        data |= {"proposed_by": sorted(arm.value for arm in card.sources), "known": card.known}
    return data


def _swipe_data(swipe: Swipe) -> dict[str, Any]:
    return {
        "position": swipe.position,
        "kind": swipe.kind.value,
        "answer": swipe.answer.value if swipe.answer else None,
        "shown_ms": swipe.shown_ms,
        "input": swipe.input,
        "device_class": swipe.device_class,
        "received_at": _iso_time(swipe.received_at),
    }


def _iso_time(milliseconds: int | None) -> str | None:
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds")
