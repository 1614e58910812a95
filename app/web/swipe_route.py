"""What the browser posts, and what it hears back. The shape is swipe_route.schema.json."""

import json
import re
from dataclasses import dataclass
from typing import Any

from app.auth.deck_tokens import Claim, DeckTokens
from app.auth.rate_limits import Limits, room
from app.storage.study_db.records import Incoming, Outline, Receipt
from app.storage.study_db.store import Store
from recsys.errors import (
    BrandswipeError,
    IllegalSwipeError,
    NotAllowedError,
    TokenExpiredError,
    WorkspaceError,
)
from recsys.study.swipes import Answer, Swipe, SwipeKind, check

SCHEMA = 1
LARGEST = 2**53 - 1  # the largest whole number that a browser counts to
INPUTS = ("key", "touch", "mouse", "button")
DEVICES = ("phone", "tablet", "desk")
FIELDS = {
    "id", "position", "kind", "answer", "tab", "tab_seq", "shown_ms", "input", "device_class",
    "client_at",
}  # fmt: skip
OPTIONAL = {"answer", "shown_ms", "client_at"}
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
Reply = tuple[int, dict[str, Any]]


class BadPostError(BrandswipeError):
    """The body is not what the route takes."""


class TooManyError(BrandswipeError):
    """More than a hand can do."""

    def __init__(self) -> None:
        super().__init__("More came than a hand can swipe: nothing is lost, it is sent again.")


@dataclass(frozen=True, slots=True)
class Asker:
    """The browser that posts: the address it has, and the login that its request carries."""

    address: str
    binding: str


def take(store: Store, tokens: DeckTokens, limits: Limits, body: bytes, asker: Asker) -> Reply:
    """Store the swipes of a post; return the HTTP status and the JSON of the answer."""
    try:
        if not limits.lets_in(asker.address, asker.binding):
            raise TooManyError
        token, sent = _opened(body)
        claim = tokens.read(token, asker.binding)
        if not limits.lets_post(claim.participant):
            raise TooManyError
        return _taken(store, claim, sent)
    except TooManyError as error:
        return failure(429, "too_many", str(error))
    except TokenExpiredError as error:
        return failure(401, "expired", str(error))
    except NotAllowedError as error:
        return failure(401, "invalid", str(error))
    except IllegalSwipeError as error:
        return failure(410, "gone", str(error))
    except BadPostError as error:
        return failure(400, "bad_body", str(error))
    except WorkspaceError as error:
        return failure(503, "not_stored", str(error))


def failure(status: int, error: str, message: str) -> Reply:
    """Return an answer that acknowledges nothing and says what to do."""
    return status, {"schema": SCHEMA, "error": error, "message": message}


def parse(raw: object) -> Incoming:
    """Return one swipe of a post. Raises IllegalSwipeError that names the field."""
    if not isinstance(raw, dict) or not FIELDS - OPTIONAL <= set(raw) <= FIELDS:
        raise IllegalSwipeError(f"A swipe has the fields {', '.join(sorted(FIELDS))}.")
    return Incoming(
        id=_name(raw, "id"),
        position=_whole(raw, "position", 1),
        kind=SwipeKind(_one_of(raw, "kind", tuple(SwipeKind))),
        answer=None if raw.get("answer") is None else Answer(_one_of(raw, "answer", tuple(Answer))),
        tab=_name(raw, "tab"),
        tab_seq=_whole(raw, "tab_seq", 0),
        shown_ms=None if raw.get("shown_ms") is None else _whole(raw, "shown_ms", 0),
        input=_one_of(raw, "input", INPUTS),
        device_class=_one_of(raw, "device_class", DEVICES),
        client_at=None if raw.get("client_at") is None else _whole(raw, "client_at", 0),
    )


def _opened(body: bytes) -> tuple[str, list[object]]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise BadPostError("The body is no JSON: reload the page; no answer is lost.") from None
    known = isinstance(said, dict) and {"token", "swipes"} <= set(said) <= {
        "schema",
        "token",
        "swipes",
    }
    if not known or said.get("schema", SCHEMA) != SCHEMA:
        raise BadPostError("The body needs a token and swipes: reload the page; no answer is lost.")
    if not isinstance(said["token"], str) or not isinstance(said["swipes"], list):
        raise BadPostError("The token is a text and swipes a list: reload the page.")
    return said["token"], said["swipes"]


def _taken(store: Store, claim: Claim, sent: list[object]) -> Reply:
    deck = store.outline(claim.deck)
    if deck.participant != claim.participant:
        raise NotAllowedError("This page's pass is for another deck: reload the page.")
    good, refused = _sorted_out(deck, sent)
    receipt = store.add_swipes(deck.id, _that_fit(store, deck, good))
    standing = store.answers_of(deck.id)
    return (422 if refused else 200), _acknowledgement(deck, receipt, standing, refused)


def _that_fit(store: Store, deck: Outline, sent: list[Incoming]) -> list[Incoming]:
    """Return what the deck has room for, and what it has already. Raises TooManyError for none."""
    known = store.swipe_ids(deck.id)
    new = list(dict.fromkeys(swipe.id for swipe in sent if swipe.id not in known))
    over = set(new[room(len(known), deck.dealt_at, store.clock()) :])
    fitting = [swipe for swipe in sent if swipe.id not in over]
    if over and not fitting:
        raise TooManyError
    return fitting


def _sorted_out(deck: Outline, sent: list[object]) -> tuple[list[Incoming], list[dict[str, Any]]]:
    good, refused = [], []
    for raw in sent:
        try:
            swipe = parse(raw)
            check(_whole_of(deck, swipe), deck.id, deck.cards)
            good.append(swipe)
        except IllegalSwipeError as error:
            id = raw.get("id") if isinstance(raw, dict) else None
            refused.append({"id": id if isinstance(id, str) else None, "why": str(error)})
    return good, refused


def _whole_of(deck: Outline, swipe: Incoming) -> Swipe:
    """Return a swipe as a row of its deck would say it, before it has a place there."""
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
    deck: Outline, receipt: Receipt, standing: dict[int, Answer], refused: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "deck": deck.id,
        "acknowledged": list(receipt.acknowledged),
        "late": list(receipt.late),
        "closed": receipt.closed,
        "standing": {str(position): answer.value for position, answer in standing.items()},
        "refused": refused,
    }


def _name(raw: dict[str, Any], field: str) -> str:
    if not isinstance(raw[field], str) or not _NAME.fullmatch(raw[field]):
        raise IllegalSwipeError(f"{field} is made of 1 to 64 letters, digits, - and _.")
    return str(raw[field])


def _whole(raw: dict[str, Any], field: str, least: int) -> int:
    value = raw[field]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= LARGEST:
        raise IllegalSwipeError(f"{field} is a whole number from {least}.")
    return value


def _one_of(raw: dict[str, Any], field: str, known: tuple[str, ...]) -> str:
    if not isinstance(raw[field], str) or raw[field] not in known:
        raise IllegalSwipeError(f"{field} is one of {', '.join(known)}.")
    return str(raw[field])
