"""Decks <-> the flat rows that the store keeps."""

import json
from typing import Any

from recsys.study.deck import Deck, Known, Origin, card_from_dict, card_to_dict


def canonical(value: object) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces, no NaN."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def deck_to_row(deck: Deck) -> dict[str, Any]:
    """Return a deck as flat texts and numbers; `deck_from_row` is its inverse."""
    return {
        "id": deck.id,
        "study": deck.study,
        "participant": deck.participant,
        "origin": deck.origin.value,
        "evidence": deck.evidence.value,
        "model": deck.model,
        "seed": f"{deck.seed:032x}",
        "cards": canonical([card_to_dict(card) for card in deck.cards]),
        "hash": deck.hash,
    }


def deck_from_row(row: dict[str, Any]) -> Deck:
    """Return the deck of a stored row; columns that are no part of a deck are passed over."""
    return Deck(
        id=row["id"],
        study=row["study"],
        participant=row["participant"],
        origin=Origin(row["origin"]),
        evidence=Known(row["evidence"]),
        model=row["model"],
        seed=int(row["seed"], 16),
        cards=tuple(card_from_dict(card) for card in json.loads(row["cards"])),
        hash=row["hash"],
    )
