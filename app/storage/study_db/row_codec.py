"""Conversion of decks, swipes and closings to and from the flat rows of the study database."""

import json
from collections.abc import Mapping
from typing import Any

from app.storage.study_db.records import (
    ClosedBy,
    Closing,
    DealtDeck,
    DeckOutline,
    IncomingSwipe,
    StoredDeck,
)
from recsys.errors import IntegrityError
from recsys.study.deck import Deck, HistoryDepth, Origin, card_from_row, card_to_row
from recsys.study.scoring import DeckScore, score_from_row
from recsys.study.swipes import Answer, Swipe, SwipeKind


def canonical_json(value: object) -> str:
    """Return the canonical JSON text of a value: sorted keys, no spaces, no NaN."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def deck_to_row(deck: Deck) -> dict[str, Any]:
    """Return a deck as a flat row of texts; `deck_from_row` is the inverse."""
    return {
        "id": deck.id,
        "study": deck.study,
        "participant": deck.participant,
        "origin": deck.origin.value,
        "evidence": deck.evidence.value,
        "model": deck.model,
        "seed": f"{deck.seed:032x}",
        "cards": canonical_json([card_to_row(card) for card in deck.cards]),
        "hash": deck.hash,
    }


def deck_from_row(row: dict[str, Any]) -> Deck:
    """Return the deck of a stored row; other columns are ignored."""
    return Deck(
        id=row["id"],
        study=row["study"],
        participant=row["participant"],
        origin=Origin(row["origin"]),
        evidence=HistoryDepth(row["evidence"]),
        model=row["model"],
        seed=int(row["seed"], 16),
        cards=tuple(card_from_row(card) for card in json.loads(row["cards"])),
        hash=row["hash"],
    )


def dealt_from_row(row: dict[str, Any]) -> DealtDeck:
    """Return the deck of a stored row with the facts of its dealing."""
    return DealtDeck(
        deck_from_row(row),
        event_store_version=row["event_store_version"],
        dealt_at=row["dealt_at"],
        closes_at=row["closes_at"],
        timings=json.loads(row["timings"]),
        language=row["language"],
    )


def stored_deck_from_row(row: dict[str, Any]) -> StoredDeck:
    """Return the deck of a stored row without parsing its cards."""
    return StoredDeck(
        study=row["study"],
        participant=row["participant"],
        origin=Origin(row["origin"]),
        evidence=HistoryDepth(row["evidence"]),
        closed_at=row["closed_at"],
        number=row["number"],
        row=row,
    )


def outline_from_row(row: dict[str, Any]) -> DeckOutline:
    """Return the facts of a deck for checking incoming swipes."""
    return DeckOutline(
        id=row["id"],
        participant=row["participant"],
        cards=row["cards"],
        dealt_at=row["dealt_at"],
    )


def swipe_to_row(swipe: IncomingSwipe) -> dict[str, Any]:
    """Return a swipe as a row; the caller adds deck, `server_seq`, `received_at` and `late`."""
    return {
        "id": swipe.id,
        "position": swipe.position,
        "kind": swipe.kind,
        "answer": swipe.answer,
        "tab": swipe.tab,
        "tab_seq": swipe.tab_seq,
        "shown_ms": swipe.shown_ms,
        "input": swipe.input,
        "device_class": swipe.device_class,
        "client_at": swipe.client_at,
    }


def swipe_from_row(row: dict[str, Any]) -> Swipe:
    """Return the swipe of a stored row."""
    return Swipe(
        id=row["id"],
        deck=row["deck"],
        position=row["position"],
        kind=SwipeKind(row["kind"]),
        answer=Answer(row["answer"]) if row["answer"] else None,
        tab=row["tab"],
        tab_seq=row["tab_seq"],
        server_seq=row["server_seq"],
        shown_ms=row["shown_ms"],
        input=row["input"],
        device_class=row["device_class"],
        client_at=row["client_at"],
        received_at=row["received_at"],
    )


def closing_from_row(row: dict[str, Any]) -> Closing:
    """Return the closing of a stored row. A withdrawn one has no deck, `closed_at` or `by`."""
    return Closing(
        study=row["study"],
        number=row["number"],
        why_not=row["why_not"],
        score=json.loads(row["score"]) if row["score"] else None,
        deck=row["deck"],
        closed_at=row["closed_at"],
        by=ClosedBy(row["by"]) if row["by"] else None,
    )


def score_of(stored: Mapping[str, float]) -> DeckScore:
    """Return the scores of a closing. Earlier versions stored some just above 1, by rounding.

    Raises IntegrityError for a score that cannot come from a deck.
    """
    try:
        return score_from_row(stored)
    except ValueError as error:
        raise IntegrityError(
            "A stored score lies outside 0 to 1: restore the workspace from a backup."
        ) from error
