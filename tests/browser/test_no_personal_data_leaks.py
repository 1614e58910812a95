"""Canaries in an account and its history: after play, fit, report and a crash they are nowhere."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import BrowserContext, Request, WebSocket, expect

from app.auth.identity import badge, employee_pseudonym
from app.workspace.settings import Settings
from app.workspace.workspace import Workspace
from tests.browser.conftest import Demo
from tests.browser.support.gestures import all_saved, press
from tests.browser.support.identity_proxy import COOKIE, front
from tests.browser.support.visits import show_result, top_card
from tests.browser.test_identity import Open, served_on
from tests.support import cli_runner
from tests.support.signed_logins import AUDIENCE, HEADER, ISSUER, PROXY_KEY, header

pytestmark = pytest.mark.browser
HER = "canary-subject-4711"
CUSTOMER = "canary-customer-4711"
PRODUCT = "canary-product-4711"
OF_HER = {
    "subject": HER, "address": "canary.mail@4711.example", "name": "Canary Vogel 4711",
}  # fmt: skip
PEOPLE: dict[str, list[str]] = {HER: [], "paul": ["pm"], "dora": ["ds"]}
WHERE_IT_MAY_BE = {CUSTOMER: "accounts.db", PRODUCT: "events/"}


def signed(name: str, now: float) -> str:
    """What the proxy says of whoever it knows: all that a login may say of a person."""
    name = name or "paul"  # who only asks whether the server answers
    more = {"email": OF_HER["address"], "name": OF_HER["name"], "preferred_username": HER}
    return header(now=now, sub=name, roles=PEOPLE[name], **(more if name == HER else {}))


def brandswipe(folder: Path, *words: str, code: int = 0) -> bytes:
    """Run a command on the workspace in a folder; return everything that it said."""
    done = cli_runner.brandswipe(*words, workspace=folder / "ws")
    assert done.code == code, done.err
    return (done.out + done.err).encode()


def plant_her(folder: Path) -> None:
    """A shop with hashed ids in which a life is hers, and one thing that she alone bought."""
    planted = cli_runner.brandswipe(
        "data", "generate", "--customers", "400", "--out", str(folder / "shop")
    )
    assert planted.code == 0, planted.err
    events = pd.read_parquet(folder / "shop" / "events.parquet")
    hers = events[events["customer_id"] == "persona-noor"].assign(customer_id=CUSTOMER)
    secret = hers.tail(1).assign(product_id=PRODUCT)
    pd.concat([events, hers, secret]).to_parquet(folder / "log.parquet", index=False)
    products = ["--products", str(folder / "shop" / "products.parquet")]
    brandswipe(folder, "data", "ingest", str(folder / "log.parquet"), *products, "--ids", "hash")
    brandswipe(folder, "model", "fit", "--factors", "8")
    brandswipe(folder, "study", "open", "--name", "autumn")
    with_keys = Workspace(Settings(workspace=folder / "ws"))
    table = folder / "staff.csv"
    table.write_text(f"employee,customer_id\n{badge(with_keys.keys, HER)},{CUSTOMER}\n")
    with_keys.close()
    brandswipe(folder, "people", "link", str(table))
    for file in (*(folder / "shop").iterdir(), folder / "log.parquet", table):
        file.unlink()  # the shop's own files: they are the shop's to keep


class Wire:
    """Everything that travelled between browsers and server, in bytes."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def listen(self, context: BrowserContext) -> None:
        context.on("request", self._request)
        context.on("response", lambda answer: self.heard.append(str(answer.headers).encode()))
        context.on("requestfinished", self._answer)
        context.on("page", lambda page: page.on("websocket", self._socket))

    def _request(self, request: Request) -> None:
        self.heard += [request.url.encode(), request.post_data_buffer or b""]

    def _answer(self, request: Request) -> None:
        answer = request.response()
        if answer and answer.status == 200:
            self.heard.append(answer.body())

    def _socket(self, socket: WebSocket) -> None:
        for way in ("framereceived", "framesent"):
            socket.on(way, lambda frame: self.heard.append(_bytes(frame)))  # type: ignore[call-overload]


def _bytes(frame: Any) -> bytes:
    return frame.encode() if isinstance(frame, str) else frame


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("canaries")
    plant_her(folder)
    key = folder / "proxy.pem"
    key.write_bytes(PROXY_KEY.as_pem(private=False))
    made = served_on(
        folder, login="proxy", proxy_header=HEADER, proxy_key=str(key), proxy_issuer=ISSUER,
        proxy_audience=AUDIENCE, roles_claim="roles",
    )  # fmt: skip
    with front(made.port, HEADER, signed) as address:
        made.url = address
        made.start()
        yield made
        made.kill()


def visit(open_context: Open, server: Demo, wire: Wire, name: str) -> BrowserContext:
    context = open_context()
    context.add_cookies([{"name": COOKIE, "value": name, "url": server.url}])
    wire.listen(context)
    return context


def play(open_context: Open, server: Demo, wire: Wire) -> None:
    """She plays as herself, looks at her brands, and takes her data along."""
    page = visit(open_context, server, wire, HER).new_page()
    page.goto(f"{server.url}/?lang=en")
    page.get_by_role("button", name="Yes, read it and deal my cards").click()
    top_card(page)
    press(page, ["ArrowRight"] * 20)
    all_saved(page)
    show_result(page)
    page.goto(f"{server.url}/carousel?lang=en")
    page.locator(".carousel").wait_for()
    page.goto(f"{server.url}/my_data?lang=en")
    expect(page.get_by_text("A list of the shop linked your shop account")).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save everything as a file").click()
    wire.heard.append(saved.value.path().read_bytes())


def look(open_context: Open, server: Demo, wire: Wire) -> None:
    """Colleagues read the report and the workbench."""
    for name, path, seen in (("paul", "report", "autumn"), ("dora", "workbench", "Fit")):
        page = visit(open_context, server, wire, name).new_page()
        page.goto(f"{server.url}/{path}?lang=en")
        expect(page.get_by_text(seen).first).to_be_visible()
        page.wait_for_timeout(500)


def crash(open_context: Open, server: Demo, wire: Wire) -> None:
    """Cut the events off under the server's feet, and ask for her brands again."""
    for file in (server.workspace / "events").rglob("events.bin"):
        os.truncate(file, 0)
    page = visit(open_context, server, wire, HER).new_page()
    page.goto(f"{server.url}/carousel?lang=en", wait_until="commit")
    deadline = time.monotonic() + 30
    while server.process.poll() is None and time.monotonic() < deadline:
        page.wait_for_timeout(100)
    assert server.process.poll() is not None, "the server was to crash"


def found_in(folder: Path, said: str) -> set[str]:
    """The files that hold a text, by their place."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {str(file.relative_to(folder)) for file in files if said.encode() in file.read_bytes()}


def test_no_byte_of_workspace_log_or_answer_names_her(open_context: Open, server: Demo) -> None:
    wire = Wire()
    play(open_context, server, wire)
    look(open_context, server, wire)
    brandswipe(server.folder, "model", "fit", "--factors", "8")
    for shape in ("text", "json", "csv", "md", "html"):
        wire.heard.append(brandswipe(server.folder, "study", "report", "--format", shape))
    wire.heard.append(brandswipe(server.folder, "study", "gate", code=3))
    wire.heard.append(brandswipe(server.folder, "study", "show", "--format", "json"))
    refused = brandswipe(server.folder, "model", "recommend", CUSTOMER, code=2)
    assert b"colleague" in refused
    wire.heard.append(refused)
    crash(open_context, server, wire)
    for canary in (*OF_HER.values(), CUSTOMER, PRODUCT):
        there = {
            place for place in found_in(server.folder, canary)
            if not place.startswith(f"ws/{WHERE_IT_MAY_BE.get(canary, 'nowhere')}")
        }  # fmt: skip
        assert there == set(), canary
        assert not [one for one in wire.heard if canary.encode() in one], canary
    house = Workspace(Settings(workspace=server.workspace))
    pseudonym = employee_pseudonym(house.keys, HER)
    decks = house.store.decks.of_participant(pseudonym)
    house.close()
    assert [dealt.deck.origin.value for dealt in decks] == ["own"]
    assert pseudonym.encode() not in b"".join(wire.heard)
    assert found_in(server.folder, pseudonym) <= {"ws/study.db", "ws/study.db-wal"}


def test_the_search_finds_what_is_there(server: Demo) -> None:
    """Where a canary may be, the same search sees it."""
    assert found_in(server.folder, CUSTOMER)
    assert found_in(server.folder, PRODUCT)
