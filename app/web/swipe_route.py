"""The swipe API: request and response. The JSON schema is swipe_route.schema.json."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.auth.deck_tokens import DeckTokenClaims, DeckTokens
from app.auth.rate_limits import SwipeRateLimits, remaining_rows
from app.storage.study_db.records import DeckOutline, IncomingSwipe, SwipeReceipt
from app.storage.study_db.store import StudyStore
from recsys.errors import (
    BrandswipeError,
    IllegalSwipeError,
    NotAllowedError,
    TokenExpiredError,
    WorkspaceError,
)
from recsys.study.swipes import Answer, Swipe, SwipeKind, check_swipe

SCHEMA_VERSION = 1
MAX_INTEGER = 2**53 - 1  # Number.MAX_SAFE_INTEGER of JavaScript
INPUTS = ("key", "touch", "mouse", "button")
DEVICE_CLASSES = ("phone", "tablet", "desk")
SWIPE_FIELDS = {
    "id", "position", "kind", "answer", "tab", "tab_seq", "shown_ms", "input", "device_class",
    "client_at",
}  # fmt: skip
OPTIONAL_FIELDS = {"answer", "shown_ms", "client_at"}
_NAME_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,64}")
JsonReply = tuple[int, dict[str, Any]]


class BadPostError(BrandswipeError):
    """The request body is not valid."""


class TooManySwipesError(BrandswipeError):
    """More swipes than a human can make: the rate limit is exceeded."""

    def __init__(self) -> None:
        super().__init__("Too many swipes at once: nothing is lost, it is sent again.")


@dataclass(frozen=True, slots=True)
class SwipeClient:
    """The client of a post: its IP address, and the login that its token is bound to."""

    address: str
    binding: str


def receive_swipes(
    store: StudyStore,
    deck_tokens: DeckTokens,
    rate_limits: SwipeRateLimits,
    body: bytes,
    client: SwipeClient,
) -> JsonReply:
    """Store the swipes of a post; return the HTTP status and the JSON body."""
    try:
        if not rate_limits.allows_address(client.address, client.binding):
            raise TooManySwipesError
        token, raw_swipes = _parse_body(body)
        claim = deck_tokens.read(token, client.binding)
        if not rate_limits.allows_participant(claim.participant):
            raise TooManySwipesError
        return _store_and_reply(store, claim, raw_swipes)
    except TooManySwipesError as error:
        return error_reply(429, "too_many", str(error))
    except TokenExpiredError as error:
        return error_reply(401, "expired", str(error))
    except NotAllowedError as error:
        return error_reply(401, "invalid", str(error))
    except IllegalSwipeError as error:
        return error_reply(410, "gone", str(error))
    except BadPostError as error:
        return error_reply(400, "bad_body", str(error))
    except WorkspaceError as error:
        return error_reply(503, "not_stored", str(error))


def error_reply(status: int, error: str, message: str) -> JsonReply:
    """Return an error response: no swipe is acknowledged, the message says what to do."""
    return status, {"schema": SCHEMA_VERSION, "error": error, "message": message}


def parse_swipe(raw: object) -> IncomingSwipe:
    """Parse one swipe of a post. Raises IllegalSwipeError with the name of the bad field."""
    if not isinstance(raw, dict) or not SWIPE_FIELDS - OPTIONAL_FIELDS <= set(raw) <= SWIPE_FIELDS:
        raise IllegalSwipeError(f"A swipe has the fields {', '.join(sorted(SWIPE_FIELDS))}.")
    return IncomingSwipe(
        id=_parse_name(raw, "id"),
        position=_parse_integer(raw, "position", 1),
        kind=SwipeKind(_parse_choice(raw, "kind", tuple(SwipeKind))),
        answer=None
        if raw.get("answer") is None
        else Answer(_parse_choice(raw, "answer", tuple(Answer))),
        tab=_parse_name(raw, "tab"),
        tab_seq=_parse_integer(raw, "tab_seq", 0),
        shown_ms=None if raw.get("shown_ms") is None else _parse_integer(raw, "shown_ms", 0),
        input=_parse_choice(raw, "input", INPUTS),
        device_class=_parse_choice(raw, "device_class", DEVICE_CLASSES),
        client_at=None if raw.get("client_at") is None else _parse_integer(raw, "client_at", 0),
    )


def _parse_body(body: bytes) -> tuple[str, list[object]]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise BadPostError("The body is no JSON: reload the page; no answer is lost.") from None
    is_valid = isinstance(data, dict) and {"token", "swipes"} <= set(data) <= {
        "schema",
        "token",
        "swipes",
    }
    if not is_valid or data.get("schema", SCHEMA_VERSION) != SCHEMA_VERSION:
        raise BadPostError("The body needs a token and swipes: reload the page; no answer is lost.")
    if not isinstance(data["token"], str) or not isinstance(data["swipes"], list):
        raise BadPostError("The token is a text and swipes a list: reload the page.")
    return data["token"], data["swipes"]


def _store_and_reply(
    store: StudyStore, claim: DeckTokenClaims, raw_swipes: list[object]
) -> JsonReply:
    deck = store.decks.outline(claim.deck)
    if deck.participant != claim.participant:
        raise NotAllowedError("The token of this page is for another deck: reload the page.")
    accepted, rejected = _validate_swipes(deck, raw_swipes)
    receipt = store.swipes.add(deck.id, _within_capacity(store, deck, accepted))
    current_answers = store.swipes.current_answers(deck.id)
    return (422 if rejected else 200), _acknowledgement(deck, receipt, current_answers, rejected)


def _within_capacity(
    store: StudyStore, deck: DeckOutline, swipes: list[IncomingSwipe]
) -> list[IncomingSwipe]:
    """Return the swipes that fit in the deck or are stored already.

    Raises TooManySwipesError if none fits.
    """
    stored_ids = store.swipes.ids(deck.id)
    new_ids = list(dict.fromkeys(swipe.id for swipe in swipes if swipe.id not in stored_ids))
    excess_ids = set(new_ids[remaining_rows(len(stored_ids), deck.dealt_at, store.clock()) :])
    fitting = [swipe for swipe in swipes if swipe.id not in excess_ids]
    if excess_ids and not fitting:
        raise TooManySwipesError
    return fitting


def _validate_swipes(
    deck: DeckOutline, raw_swipes: list[object]
) -> tuple[list[IncomingSwipe], list[dict[str, Any]]]:
    accepted, rejected = [], []
    for raw in raw_swipes:
        try:
            swipe = parse_swipe(raw)
            check_swipe(_whole_of(deck, swipe), deck.id, deck.cards)
            accepted.append(swipe)
        except IllegalSwipeError as error:
            swipe_id = raw.get("id") if isinstance(raw, dict) else None
            rejected.append(
                {"id": swipe_id if isinstance(swipe_id, str) else None, "why": str(error)}
            )
    return accepted, rejected


def _whole_of(deck: DeckOutline, swipe: IncomingSwipe) -> Swipe:
    """Return an incoming swipe as a `Swipe` of its deck; `server_seq` is not assigned yet."""
    return Swipe(
        id=swipe.id,
        deck=deck.id,
        position=swipe.position,
        kind=swipe.kind,
        answer=swipe.answer,
        tab=swipe.tab,
        tab_seq=swipe.tab_seq,
        server_seq=0,
        shown_ms=swipe.shown_ms,
        input=swipe.input,
        device_class=swipe.device_class,
        client_at=swipe.client_at,
        received_at=0,
    )


def _acknowledgement(
    deck: DeckOutline,
    receipt: SwipeReceipt,
    current_answers: Mapping[int, Answer],
    rejected: list[dict[str, Any]],
) -> dict[str, Any]:
    return {
        "schema": SCHEMA_VERSION,
        "deck": deck.id,
        "acknowledged": list(receipt.acknowledged),
        "late": list(receipt.late),
        "closed": receipt.closed,
        "standing": {str(position): answer.value for position, answer in current_answers.items()},
        "refused": rejected,
    }


def _parse_name(raw: dict[str, Any], field: str) -> str:
    if not isinstance(raw[field], str) or not _NAME_PATTERN.fullmatch(raw[field]):
        raise IllegalSwipeError(f"{field} must be 1 to 64 letters, digits, - or _.")
    return str(raw[field])


def _parse_integer(raw: dict[str, Any], field: str, minimum: int) -> int:
    value = raw[field]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value <= MAX_INTEGER:
        raise IllegalSwipeError(f"{field} is a whole number from {minimum}.")
    return value


def _parse_choice(raw: dict[str, Any], field: str, choices: tuple[str, ...]) -> str:
    if not isinstance(raw[field], str) or raw[field] not in choices:
        raise IllegalSwipeError(f"{field} is one of {', '.join(choices)}.")
    return str(raw[field])
