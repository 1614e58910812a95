"""Who comes in, in a real browser: the company's login, a proxy's header, a shop account linked."""

import json
import os
import re
import secrets
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from tests.browser.conftest import PROGRAM, Demo, build_demo, free_port
from tests.browser.support.gestures import press
from tests.browser.support.identity_proxy import COOKIE, front
from tests.browser.support.visits import Ear, answers_of, decks_of, pick_five
from tests.support.paths import ROOT
from tests.support.signed_logins import AUDIENCE, HEADER, ISSUER, PROXY_KEY, header

pytestmark = pytest.mark.browser
Open = Callable[..., BrowserContext]
SECRET = "a secret of the tests, and long enough"
PEOPLE: dict[str, list[str]] = {"ann": [], "bob": [], "paul": ["pm"], "dora": ["ds"]}
OTHERS = "cdn.jsdelivr.net"  # where the provider's own pages have their style; never asked here
LOGIN = "First, who are you?"
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """A real OpenID provider in a process of its own."""
    port = free_port()
    people = (json.dumps({"sub": name, "groups": groups}) for name, groups in PEOPLE.items())
    said = [word for one in people for word in ("--user-claims", one)]
    program = str(Path(sys.executable).parent / "oidc-provider-mock")
    with subprocess.Popen(
        [program, "--port", str(port), *said], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        url = f"http://127.0.0.1:{port}"
        answers(f"{url}/.well-known/openid-configuration")
        yield url
        process.send_signal(signal.SIGKILL)


def answers(url: str) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        with suppress(OSError), urlopen(url, timeout=2):
            return
        time.sleep(0.1)
    raise RuntimeError(f"nothing answers at {url}")


@contextmanager
def shop_of(key: Callable[[], bytes], back: str) -> Iterator[str]:
    """The shop's account page, as README's code makes it; its customer is c0000004."""
    (code,) = re.findall(r"```python\n(import base64.*?)```", README, re.S)

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made: dict[str, Any] = {"open": lambda _: Copy()}
            exec(code, made)
            made["BRANDSWIPE"] = f"{back}/link"
            nonce = parse_qs(urlsplit(self.path).query)["nonce"][0]
            page = made["account_page"]("c0000004", nonce).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Copy:
        def read(self) -> str:
            return key().decode()

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/account"
        server.shutdown()


def served(built: Path, folder: Path, **settings: object) -> Demo:
    """A server of `brandswipe serve` with these settings in its workspace, not yet started."""
    build_demo(built, folder)
    return served_on(folder, **settings)


def served_on(folder: Path, **settings: object) -> Demo:
    """The same on the workspace that is in the folder."""
    server = Demo(folder)
    lines = (f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
    (server.workspace / "brandswipe.toml").write_text("".join(lines))
    server.command[1] = "serve"
    return server


@pytest.fixture(scope="module")
def oidc(
    built: Path, provider: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Demo, str]]:
    """A server with the company's login, and the address of the shop's account page."""
    folder = tmp_path_factory.mktemp("oidc")
    server = served(built, folder, login="oidc", roles_claim="groups")
    said = {
        "redirect_uri": f"{server.url}/oauth2callback", "cookie_secret": SECRET,
        "client_id": "brandswipe", "client_secret": "x",
        "server_metadata_url": f"{provider}/.well-known/openid-configuration",
    }  # fmt: skip
    (folder / ".streamlit").mkdir()
    lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in said.items())
    (folder / ".streamlit" / "secrets.toml").write_text(f"[auth]\n{lines}")
    key = server.workspace / "secrets" / "link_key"
    with shop_of(lambda: key.read_bytes().strip(), server.url) as shop:
        file = server.workspace / "brandswipe.toml"
        file.write_text(f'{file.read_text()}shop_link = "{shop}"\n')
        server.start()
        yield server, shop
        server.kill()


def log_in(page: Page, name: str) -> None:
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name=name, exact=True).click()


def is_in(page: Page) -> None:
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    expect(page.get_by_role("heading", name=LOGIN)).to_have_count(0)


def links(page: Page) -> set[str]:
    """The pages that the navigation names."""
    expect(page.get_by_role("link", name="My brands", exact=True)).to_be_visible()
    names = ("Play", "My brands", "My data", "Report", "Workbench")
    return {name for name in names if page.get_by_role("link", name=name, exact=True).count()}


def test_a_login_from_the_first_page_to_the_last(
    open_context: Open, oidc: tuple[Demo, str]
) -> None:
    server, _ = oidc
    context = open_context()
    context.route(f"**://{OTHERS}/**", lambda route: route.abort())
    ear, page = Ear(context), context.new_page()
    page.goto(f"{server.url}/?lang=en")
    expect(page.get_by_role("heading", name=LOGIN)).to_be_visible()
    expect(page.get_by_role("link", name="My brands")).to_have_count(0)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("heading", name=LOGIN)).to_be_visible()
    log_in(page, "dora")
    is_in(page)
    assert links(page) == {"Play", "My brands", "My data", "Report", "Workbench"}
    expect(page.get_by_role("radio", name="Data scientist")).to_have_count(0)

    page.evaluate("localStorage.setItem('canary', 'an answer that was not sent')")
    names = {c["name"]: c["value"] for c in context.cookies()}
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("button", name="End session").click()
    expect(page.get_by_role("heading", name=LOGIN)).to_be_visible()
    assert page.evaluate("localStorage.getItem('canary')") is None
    after = {c["name"]: c["value"] for c in context.cookies()}
    assert after["brandswipe_guest"] != names["brandswipe_guest"]
    assert "_streamlit_user" not in after
    page.goto(f"{server.url}/workbench?lang=en&role=ds")
    expect(page.get_by_role("heading", name=LOGIN)).to_be_visible()

    log_in(page, "ann")
    is_in(page)
    assert links(page) == {"Play", "My brands", "My data"}
    expect(page.get_by_role("heading", name="Pick five brands you love.")).to_be_visible()
    expect(page.get_by_role("heading", name="Noor")).to_have_count(0)  # her life is her own
    assert ear.hosts - {OTHERS} == {"127.0.0.1"}


def test_what_still_waits_is_sent_before_she_is_logged_out(
    open_context: Open, oidc: tuple[Demo, str]
) -> None:
    server, _ = oidc
    page = open_context().new_page()
    page.goto(f"{server.url}/?lang=en")
    log_in(page, "bob")
    is_in(page)
    page.route("**/api/swipes", lambda route: route.abort())
    pick_five(page)
    press(page, ["ArrowRight"] * 3)
    expect(page.locator(".saved")).to_have_attribute("data-state", "offline")
    (deck,) = decks_of(server, "elicited")
    assert answers_of(server, deck) == []
    page.unroute("**/api/swipes")
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("button", name="End session").click()
    expect(page.get_by_role("heading", name=LOGIN)).to_be_visible()
    assert answers_of(server, deck) == [(n, "favourite") for n in (1, 2, 3)]


def cookie(server: Demo, secret: str = SECRET, **said: object) -> dict[str, Any]:
    """A cookie of the login, signed by whoever has the secret."""
    whole = {"sub": "dora", "groups": ["ds"], "iat": int(time.time()), "is_logged_in": True}
    text = json.dumps(whole | {"origin": server.url, "provider": "default"} | said)
    value = create_signed_value(secret, "_streamlit_user", text).decode()
    return {"name": "_streamlit_user", "value": value, "url": server.url}


def test_only_a_fresh_cookie_that_we_signed_is_a_login(
    open_context: Open, oidc: tuple[Demo, str]
) -> None:
    server, _ = oidc
    good = cookie(server)
    yesterday = cookie(server, iat=int(time.time()) - 24 * 3600)
    kinds = {
        "signed by us": (good, None),
        "yesterday's": (yesterday, "Your login is over"),
        "signed by another": (cookie(server, "another secret of somebody else"), LOGIN),
        "edited": (good | {"value": "x" + good["value"]}, LOGIN),
        "of another site": (cookie(server, origin="http://evil.example"), LOGIN),
        "nobody's": (cookie(server, is_logged_in=False), LOGIN),
    }
    context = open_context()
    page = context.new_page()
    for kind, (said, title) in kinds.items():
        context.clear_cookies()
        context.add_cookies([said])  # type: ignore[list-item]
        page.goto(f"{server.url}/workbench?lang=en")
        if title is None:
            is_in(page)
            assert "Workbench" in links(page), kind
        else:
            expect(page.get_by_role("heading", name=title)).to_be_visible()
            expect(page.get_by_role("link", name="Workbench")).to_have_count(0)


def linked(server: Demo) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(server.workspace / "accounts.db")) as accounts:
        return accounts.execute("select customer, way from links").fetchall()


def test_an_employee_links_her_shop_account_and_a_thief_does_not(
    open_context: Open, oidc: tuple[Demo, str]
) -> None:
    server, _ = oidc
    thief, victim = open_context().new_page(), open_context().new_page()
    for page, name in ((thief, "bob"), (victim, "ann")):
        page.context.route(f"**://{OTHERS}/**", lambda route: route.abort())
        page.goto(f"{server.url}/?lang=en")
        log_in(page, name)
        is_in(page)
    way = thief.get_by_role("link", name="Link my shop account")
    lure = str(way.get_attribute("href"))
    victim.goto(lure)  # the thief's link, in the browser of somebody who is logged in at the shop
    victim.get_by_role("button", name="Link my account").click()
    expect(victim.get_by_text("made for somebody else")).to_be_visible()
    assert linked(server) == []

    with victim.expect_popup() as opened:
        victim.get_by_role("link", name="Link my shop account").click()
    shop = opened.value
    shop.get_by_role("button", name="Link my account").click()
    expect(shop.get_by_text("Your shop account is linked")).to_be_visible()
    assert linked(server) == [("c0000004", "page")]
    assert "c0000004" not in shop.url
    expect(shop.get_by_role("link", name="Link my shop account")).to_have_count(0)

    thief.reload()
    again = str(thief.get_by_role("link", name="Link my shop account").get_attribute("href"))
    thief.goto(again)
    thief.get_by_role("button", name="Link my account").click()
    expect(thief.get_by_text("linked to somebody else")).to_be_visible()
    assert linked(server) == [("c0000004", "page")]


def signed(name: str, now: float) -> str | None:
    """What the proxy signs: nothing for a stranger, nonsense for the one it has forgotten."""
    if name == "forged":
        return header(now=now)[:-8] + secrets.token_urlsafe(6)
    groups = PEOPLE.get(name or "ann")
    return None if groups is None else header(now=now, sub=name or "ann", roles=groups)


@pytest.fixture(scope="module")
def proxied(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Demo, str]]:
    """A server behind an identity-aware proxy, and the address of the proxy."""
    folder = tmp_path_factory.mktemp("proxied")
    key = folder / "proxy.pem"
    key.write_bytes(PROXY_KEY.as_pem(private=False))
    server = served(
        built, folder, login="proxy", proxy_header=HEADER, proxy_key=str(key),
        proxy_issuer=ISSUER, proxy_audience=AUDIENCE, roles_claim="roles", logout_url="/healthz",
    )  # fmt: skip
    straight = server.url
    with front(server.port, HEADER, signed) as address:
        server.url = address
        server.start()
        yield server, straight
        server.kill()


PAGES = {
    "ann": {"Play", "My brands", "My data"},
    "paul": {"Play", "My brands", "My data", "Report"},
    "dora": {"Play", "My brands", "My data", "Report", "Workbench"},
}


def test_behind_a_proxy_everybody_sees_what_is_hers(
    open_context: Open, proxied: tuple[Demo, str]
) -> None:
    server, _ = proxied
    context = open_context()
    page = context.new_page()
    for name, pages in PAGES.items():
        context.add_cookies([{"name": COOKIE, "value": name, "url": server.url}])
        for path in ("report", "workbench"):
            page.goto(f"{server.url}/{path}?lang=en&role=ds")
            assert links(page) == pages, (name, path)
            expect(page.get_by_role("radio", name="Data scientist")).to_have_count(0)
            is_there = page.get_by_role("link", name=path.capitalize(), exact=True).count()
            assert bool(is_there) is (path.capitalize() in pages)
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/healthz")  # where this proxy ends a login


def test_past_the_proxy_or_with_a_forged_header_there_is_one_sentence(
    open_context: Open, proxied: tuple[Demo, str]
) -> None:
    server, straight = proxied
    forged = open_context()
    forged.add_cookies([{"name": COOKIE, "value": "forged", "url": server.url}])
    unknown = open_context()
    unknown.add_cookies([{"name": COOKIE, "value": "nobody", "url": server.url}])
    past = open_context(extra_http_headers={HEADER: header(now=time.time() - 3600)})
    visits = [(forged, server.url), (unknown, server.url), (past, straight)]
    for context, url in visits:
        page = context.new_page()
        for path in ("", "report", "workbench", "_stcore/health"):
            answer = page.goto(f"{url}/{path}")
            assert answer
            assert answer.status == 403
            expect(page.locator("p")).to_have_text(re.compile("log in|company's login"))


def test_a_header_that_the_browser_brings_itself_is_enough_where_it_is_signed(
    open_context: Open, proxied: tuple[Demo, str]
) -> None:
    _, straight = proxied
    good = header(now=time.time(), sub="paul", roles=["pm"])
    page = open_context(extra_http_headers={HEADER: good}).new_page()
    page.goto(f"{straight}/?lang=en")
    assert links(page) == PAGES["paul"]
    page.evaluate("localStorage.setItem('canary', 'an answer that was not sent')")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url(f"{straight}/healthz")  # where this proxy ends a login
    assert page.evaluate("localStorage.getItem('canary')") is None


def test_a_login_that_is_half_set_up_ends_the_command_in_one_sentence(
    built: Path, tmp_path: Path
) -> None:
    server = served(built, tmp_path, login="oidc")
    done = subprocess.run(
        [PROGRAM, *server.command[1:]], cwd=tmp_path, capture_output=True, text=True, timeout=60,
        env=os.environ | {"HOME": str(tmp_path)}, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "under [auth] in .streamlit/secrets.toml" in done.stderr
