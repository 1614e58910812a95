"""What a visitor does in the game, what was heard on the way, and what the store kept of it."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from typing import Any
from urllib.parse import urlsplit

from google.protobuf.message import Message
from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    WebError,
    expect,
)
from streamlit.proto.BidiComponent_pb2 import BidiComponent
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.conftest import Demo

BRANDS = ("Lego", "Nike", "Stabilo", "Ubisoft", "Xiaomi")
OURS = {"127.0.0.1", "localhost"}
FACE = ("position", "brand", "picture", "category", "products")


class Ear:
    """Hears everything that travels to a context, and every complaint of its console."""

    def __init__(self, context: BrowserContext) -> None:
        self.hosts: set[str] = set()
        self.complaints: list[str] = []
        self.frames: list[bytes] = []
        self.answers: list[Response] = []
        context.on("request", self._request)
        context.on("response", lambda answer: self.answers.append(answer))
        context.on("console", self._console)
        context.on("weberror", self._crash)
        context.on("page", self._page)

    def _page(self, page: Page) -> None:
        page.on("websocket", lambda socket: socket.on("framereceived", self._frame))

    def _frame(self, frame: str | bytes) -> None:
        self.frames.append(frame.encode() if isinstance(frame, str) else frame)

    def _crash(self, error: WebError) -> None:
        self.complaints.append(str(error.error))

    def _request(self, request: Request) -> None:
        if not request.url.startswith(("data:", "blob:")):
            self.hosts.add(str(urlsplit(request.url).hostname))

    def _console(self, message: ConsoleMessage) -> None:
        probe = "/_stcore/" in str(message.location.get("url")) and "404" in message.text
        if message.type == "error" and not probe:  # Streamlit looks for itself under each page
            self.complaints.append(message.text)

    def messages(self) -> list[ForwardMsg]:
        """Every message of the websocket so far, decoded."""
        return [ForwardMsg.FromString(frame) for frame in self.frames]

    def data(self, part: str) -> list[dict[str, Any]]:
        """What a component of ours was given, each time."""
        found = [message.delta.new_element.bidi_component for message in self.messages()]
        return [json.loads(one.json) for one in found if one.component_name.endswith(part)]

    def bodies(self) -> Iterator[tuple[str, bytes]]:
        """Path and body of every answer that is not a file of Streamlit or a font."""
        for answer in self.answers:
            path = urlsplit(answer.url).path
            if answer.status < 300 and not path.startswith(("/static/", "/app/static/")):
                yield path, answer.body()


def values(message: Message) -> Iterator[object]:
    """Every value of a message, to any depth, but for the scripts and styles of components."""
    for field, value in message.ListFields():
        script = isinstance(message, BidiComponent) and field.name.endswith("_content")
        if not script:
            yield from _parts(value)


def _parts(value: Any) -> Iterator[object]:
    if isinstance(value, Message):
        yield from values(value)
    elif isinstance(value, str | bytes) or not hasattr(value, "__iter__"):
        yield value
    else:
        for part in value.values() if hasattr(value, "values") else value:
            yield from _parts(part)


def words_of(value: object) -> Iterator[str]:
    """Every key and every text in what may be JSON, to any depth."""
    if isinstance(value, dict):
        yield from map(str, value)
        for part in value.values():
            yield from words_of(part)
    elif isinstance(value, list):
        for part in value:
            yield from words_of(part)
    elif isinstance(value, str):
        yield value
        if value[:1] in ("{", "["):
            with suppress(ValueError):  # a text that only begins like JSON
                yield from words_of(json.loads(value))


def pick_five(page: Page, brands: Sequence[str] = BRANDS) -> None:
    """Find brands on the wall by name, take them, and have the cards dealt; three are enough."""
    page.locator(".brick").first.wait_for()  # the field listens from here on
    for brand in brands:
        page.get_by_role("searchbox").fill(brand)
        page.locator(f".found .brick[data-brand='{brand}']").click()
    page.locator(".bar button:enabled:visible").click()
    top_card(page)


def live_as(page: Page, home: str, name: str) -> None:
    """Borrow a life for the first time: agree to what is read of it, and get its cards."""
    page.goto(f"{home}/?lang=en&as={name}")
    page.get_by_role("button", name="Yes, read it and deal my cards").click()
    top_card(page)


def top_card(page: Page) -> None:
    page.locator(".game .card[data-depth='0']").wait_for()


def show_result(page: Page) -> None:
    """Ask for the result of an answered deck, and see the cards turned."""
    page.locator(".finish").click()
    expect(page.locator(".flip").first).to_be_visible()


def ask(demo: Demo, question: str, *values: object) -> list[tuple[Any, ...]]:
    """Put a question to the study's database, as another program would."""
    where = f"file:{demo.workspace / 'study.db'}?mode=ro"
    with closing(sqlite3.connect(where, uri=True)) as store:
        return store.execute(question, values).fetchall()


def decks_of(demo: Demo, origin: str) -> list[str]:
    """Ids of the decks of one origin in the demo's playground, the oldest first."""
    said = (
        "select d.id from decks d join studies s on s.hash = d.study "
        "where s.name = 'Playground' and d.origin = ? order by d.seq"
    )
    return [deck for (deck,) in ask(demo, said, origin)]


def answers_of(demo: Demo, deck: str) -> list[tuple[int, str]]:
    """Position and answer of every row of a deck that is an answer."""
    said = "select position, answer from swipes where deck = ? and kind = 'answer' order by seq"
    return ask(demo, said, deck)


def cards_of(demo: Demo, deck: str) -> list[dict[str, Any]]:
    """The whole cards of a deck, with all that is hidden from its player."""
    ((cards,),) = ask(demo, "select cards from decks where id = ?", deck)
    found: list[dict[str, Any]] = json.loads(cards)
    return found
