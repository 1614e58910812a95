"""Which customer is she? The shop's table, its account page, and whoever tries to steal."""

import re
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from app.auth.account_linking import (
    ShopStatement,
    ShopStatements,
    link_account,
    link_url,
    read_link_table,
)
from app.auth.guest_cookie import GUEST_COOKIE, GuestCookieMiddleware
from app.auth.identity import Person, badge, employee_person
from app.auth.identity import guest_person as a_guest
from app.storage.study_db.account_links import NONCE_MS, AccountLinks, LinkMethod, LinkTableImport
from app.web import runtime
from app.web.auth_routes import demo_pairing
from app.web.middleware import AccessMiddleware
from app.web.routes import routes
from app.workspace.keys import SecretKeys
from app.workspace.settings import Settings
from recsys.errors import BadInputError, NotAllowedError
from tests.support.asgi_client import Answer, call
from tests.support.cli_runner import brandswipe
from tests.support.games import Clock
from tests.support.paths import ROOT
from tests.support.signed_logins import HEADER, NOW, claims, header, proxied

KEYS = SecretKeys(b"s" * 32, b"p" * 32, b"l" * 32)
PAGE = "https://www.shop.example/account/brandswipe"
USED = "used already, or is too old"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(clock: Clock) -> Iterator[AccountLinks]:
    opened = AccountLinks(clock=clock)
    yield opened
    opened.close()


def person(accounts: AccountLinks, name: str) -> Person:
    return employee_person(Settings(), KEYS, accounts, claims(sub=name), NOW)


def note(accounts: AccountLinks, name: str, customer: str) -> ShopStatement:
    """What the shop signs when somebody presses its button with her own nonce."""
    address = link_url(accounts, person(accounts, name), PAGE)
    return ShopStatement(customer, parse_qs(urlsplit(address).query)["nonce"][0], NOW)


def token(key: bytes = KEYS.link, algorithm: str = "HS256", **more: object) -> str:
    said = {
        "iss": "shop", "aud": "brandswipe", "sub": "c1", "nonce": "n", "iat": int(NOW),
        "exp": int(NOW) + 600,
    }  # fmt: skip
    kept = {name: value for name, value in (said | more).items() if value is not None}
    return jwt.encode({"alg": algorithm}, kept, OctKey.import_key(key), algorithms=[algorithm])


def test_an_account_is_linked_to_whoever_asked_for_it(accounts: AccountLinks) -> None:
    link_account(accounts, person(accounts, "ann"), note(accounts, "ann", "c1"))
    assert person(accounts, "ann").customer == "c1"
    assert person(accounts, "bob").customer is None
    assert accounts.is_linked("c1")
    assert accounts.counts_by_method() == {LinkMethod.PAGE: 1}


def test_a_nonce_is_worth_one_link(accounts: AccountLinks) -> None:
    once = note(accounts, "ann", "c1")
    link_account(accounts, person(accounts, "ann"), once)
    accounts.unlink(badge(KEYS, "ann"))
    with pytest.raises(NotAllowedError, match=USED):
        link_account(accounts, person(accounts, "ann"), once)
    assert accounts.counts_by_method() == {}


def test_a_nonce_is_over_after_an_hour(accounts: AccountLinks, clock: Clock) -> None:
    late = note(accounts, "ann", "c1")
    clock.now += NONCE_MS
    with pytest.raises(NotAllowedError, match=USED):
        link_account(accounts, person(accounts, "ann"), late)
    assert not accounts.is_linked("c1")


def test_a_nonce_that_was_never_issued_links_nothing(accounts: AccountLinks) -> None:
    with pytest.raises(NotAllowedError, match=USED):
        link_account(accounts, person(accounts, "ann"), ShopStatement("c1", "guessed", NOW))


def test_a_link_that_was_made_for_a_thief_does_not_work_for_her_victim_nor_for_the_thief(
    accounts: AccountLinks,
) -> None:
    lured = note(accounts, "mallory", "c-victim")
    with pytest.raises(NotAllowedError, match="made for somebody else"):
        link_account(accounts, person(accounts, "victim"), lured)
    with pytest.raises(NotAllowedError, match=USED):
        link_account(accounts, person(accounts, "mallory"), lured)
    assert not accounts.is_linked("c-victim")


def test_one_account_is_never_two_peoples(accounts: AccountLinks) -> None:
    link_account(accounts, person(accounts, "ann"), note(accounts, "ann", "c1"))
    with pytest.raises(NotAllowedError, match="linked to somebody else"):
        link_account(accounts, person(accounts, "bob"), note(accounts, "bob", "c1"))
    with pytest.raises(NotAllowedError, match="remove that link first"):
        link_account(accounts, person(accounts, "ann"), note(accounts, "ann", "c2"))
    assert (person(accounts, "ann").customer, person(accounts, "bob").customer) == ("c1", None)


def test_a_guest_links_nothing(accounts: AccountLinks) -> None:
    with pytest.raises(NotAllowedError, match="log in first"):
        link_url(accounts, a_guest(KEYS, "x"), PAGE)


def test_the_shops_table_replaces_its_earlier_one_and_nothing_else(accounts: AccountLinks) -> None:
    link_account(accounts, person(accounts, "ann"), note(accounts, "ann", "c1"))
    table = {badge(KEYS, name): customer for name, customer in [("bob", "c2"), ("eve", "c3")]}
    assert accounts.replace_table(table) == LinkTableImport(2, 0)
    new = {badge(KEYS, name): c for name, c in [("ann", "c9"), ("bob", "c1"), ("kim", "c2")]}
    assert accounts.replace_table(new) == LinkTableImport(1, 2)
    linked = {name: person(accounts, name).customer for name in ("ann", "bob", "eve", "kim")}
    assert linked == {"ann": "c1", "bob": None, "eve": None, "kim": "c2"}
    assert accounts.counts_by_method() == {LinkMethod.PAGE: 1, LinkMethod.TABLE: 1}


def test_the_file_of_links_is_its_owners_and_holds_nobody_of_the_study(tmp_path: Path) -> None:
    opened = AccountLinks(tmp_path / "accounts.db")
    ann = person(opened, "ann")
    link_account(opened, ann, note(opened, "ann", "c1"))
    opened.close()
    files = list(tmp_path.iterdir())
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    kept = b"".join(file.read_bytes() for file in files)
    assert badge(KEYS, "ann").encode() in kept
    for secret in (ann.participant, "ann@shop.example", "employee ann"):
        assert secret.encode() not in kept


def test_a_link_that_was_taken_out_leaves_no_byte(tmp_path: Path) -> None:
    opened = AccountLinks(tmp_path / "accounts.db")
    link_account(opened, person(opened, "ann"), note(opened, "ann", "c-canary"))
    assert opened.unlink(badge(KEYS, "ann"))
    assert not opened.unlink(badge(KEYS, "ann"))
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    opened.close()
    assert b"c-canary" not in kept


def test_the_shops_note_is_read_once_and_by_its_handle_alone() -> None:
    notes = ShopStatements(KEYS.link, clock=lambda: NOW)
    handle = notes.receive(token(sub="a customer"))
    assert "a customer" not in handle
    assert (notes.collect(handle).customer, str(notes.collect)) != ("", "")
    for spent in (handle, "", "guessed"):
        with pytest.raises(NotAllowedError, match=USED):
            notes.collect(spent)


def test_a_note_that_nobody_collects_is_over_after_ten_minutes() -> None:
    now = [NOW]
    notes = ShopStatements(KEYS.link, clock=lambda: now[0])
    handle = notes.receive(token())
    now[0] += 600
    with pytest.raises(NotAllowedError, match=USED):
        notes.collect(handle)


def test_no_flood_of_notes_fills_the_memory() -> None:
    notes = ShopStatements(KEYS.link, clock=lambda: NOW, max_pending=3)
    handles = [notes.receive(token(sub=f"c{n}")) for n in range(5)]
    with pytest.raises(NotAllowedError):
        notes.collect(handles[1])
    assert [notes.collect(handle).customer for handle in handles[2:]] == ["c2", "c3", "c4"]


def test_a_note_says_nothing_in_a_log() -> None:
    assert "c1" not in repr(ShopStatement("c1", "n", NOW))


FORGED: dict[str, dict[str, Any]] = {
    "another key": {"key": b"x" * 32},
    "another algorithm": {"algorithm": "HS512"},
    "ten minutes old": {"iat": int(NOW) - 700, "exp": int(NOW) - 100},
    "valid for a day": {"exp": int(NOW) + 86400},
    "made tomorrow": {"iat": int(NOW) + 86400, "exp": int(NOW) + 86500},
    "for another house": {"aud": "other"},
    "of another house": {"iss": "other"},
    "no nonce": {"nonce": None},
    "an empty nonce": {"nonce": ""},
    "a number": {"nonce": 7},
    "no customer": {"sub": None},
    "no time": {"iat": None},
    "no end": {"exp": None},
}


@pytest.mark.parametrize("how", FORGED)
def test_a_note_that_the_shop_did_not_sign_now_is_refused(how: str) -> None:
    with pytest.raises(NotAllowedError, match="older than ten minutes"):
        ShopStatements(KEYS.link, clock=lambda: NOW).receive(token(**FORGED[how]))


@pytest.mark.parametrize("bad", ["", "x", "é.é.é", "a.b.c", token()[:-4], "." + token()])
def test_a_note_that_is_none_is_refused(bad: str) -> None:
    with pytest.raises(NotAllowedError, match="older than ten minutes"):
        ShopStatements(KEYS.link, clock=lambda: NOW).receive(bad)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ASGIApp]:
    """The routes of a server behind a proxy, with the middleware as the server has it."""
    monkeypatch.chdir(tmp_path)
    runtime.use_settings(proxied(tmp_path, logout_url="https://login.shop.example/out"))
    layers = [Middleware(AccessMiddleware, pairing=demo_pairing), Middleware(GuestCookieMiddleware)]
    yield Starlette(routes=routes(), middleware=layers)
    runtime.use_settings(None)


SHOP = {"Origin": "https://www.shop.example", "Host": "brandswipe.shop.example"}


def bring(app: ASGIApp, said: str) -> Answer:
    body = urlencode({"token": said}).encode()
    return call(app, "POST", "/link", body, SHOP, client="192.0.2.7")


def example() -> dict[str, Any]:
    """The code that README gives the shop, run as it stands there."""
    (code,) = re.findall(
        r"```python\n(import base64.*?)```", (ROOT / "README.md").read_text(), re.S
    )
    assert len(code.splitlines()) <= 30
    made: dict[str, Any] = {"open": lambda _: KeyFile()}
    exec(code, made)
    return made


class KeyFile:
    """Stands for the shop's copy of the link key."""

    def read(self) -> str:
        return runtime.secret_keys().link.decode() + "\n"


def test_the_code_of_the_readme_links_an_account(app: ASGIApp) -> None:
    accounts, keys, shop = runtime.account_links(), runtime.secret_keys(), example()
    ann = employee_person(runtime.settings(), keys, accounts, claims(time.time()), time.time())
    address = link_url(accounts, ann, f"{PAGE}?lang=nl")
    assert address.startswith(f"{PAGE}?lang=nl&nonce=")
    nonce = parse_qs(urlsplit(address).query)["nonce"][0]
    page = shop["account_page"]("c0000042", nonce)
    (said,) = re.findall(r'name="token" value="([^"]+)"', page)
    answer = bring(app, said)
    assert answer.status == 303
    where = urlsplit(answer.headers["location"])
    assert (where.path, answer.headers["cache-control"]) == ("/", "no-store")
    link_account(
        accounts, ann, runtime.shop_statements().collect(parse_qs(where.query)["linked"][0])
    )
    assert accounts.customer_of([shop["digest"]("ann")]) == "c0000042"


def test_a_forged_note_is_answered_with_a_sentence(app: ASGIApp) -> None:
    for said in ("", "x", token(), "x" * 9000):
        answer = bring(app, said)
        assert answer.status == 403
        assert b"link your account again" in answer.body


def test_where_nobody_logs_in_nothing_is_linked(app: ASGIApp) -> None:
    runtime.use_settings(Settings(workspace=runtime.settings().workspace))
    assert b"This server has no login" in bring(app, token()).body


def test_leaving_empties_what_the_page_kept_and_gives_the_browser_another_name(
    app: ASGIApp,
) -> None:
    mine = {"Cookie": f"{GUEST_COOKIE}={'a' * 22}", HEADER: header(now=time.time())}
    answer = call(app, "GET", "/leave", headers=mine)
    assert answer.headers["location"] == "https://login.shop.example/out"
    assert answer.headers["clear-site-data"] == '"storage"'
    assert re.match(f"{GUEST_COOKIE}=(?!a{{22}})", answer.headers["set-cookie"])
    lured = call(app, "GET", "/leave", headers=mine | {"Sec-Fetch-Site": "cross-site"})
    assert not {"clear-site-data", "set-cookie"} & set(lured.headers)


def test_without_the_proxys_header_only_health_and_the_shops_note_are_heard(app: ASGIApp) -> None:
    good = {HEADER: header(now=time.time())}
    assert call(app, "GET", "/healthz").status == 200
    for path in ("/", "/leave", "/pictures/a.webp", "//healthz", "/healthz/", "/link/../leave"):
        assert call(app, "GET", path).status == 403
        assert call(app, "GET", path, headers={HEADER: token()}).status == 403
    assert call(app, "POST", "/api/swipes", b"{}").status == 403
    assert call(app, "POST", "/api/swipes", b"{}", good).status == 400
    for path in ("/_stcore/stream", "/healthz", "/link"):
        assert call(app, "GET", path, kind="websocket").status == 1008
    expired = {HEADER: header(now=time.time() - 3600)}
    answer = call(app, "GET", "/leave", headers=expired)
    assert (answer.status, b"log in again" in answer.body) == (403, True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must be employee,customer_id"),
        ("subject,customer\n", "must be employee,customer_id"),
        (f"employee,customer_id\n{'a' * 64}\n", "Line 2"),
        (f"employee,customer_id\n{'a' * 63},c1\n", "Line 2"),
        (f"employee,customer_id\n\nann@shop.example,{'c' * 9}\n", "Line 3"),
        (f"employee,customer_id\n{'a' * 64},\n", "Line 2"),
        (f"employee,customer_id\n{'a' * 64},c1\n{'a' * 64},c2\n", "Lines 2 and 3"),
        (f"employee,customer_id\n{'a' * 64},c1\n{'b' * 64},c1\n", "Lines 2 and 3"),
        ("employee,customer_id\n\xff", "no CSV in UTF-8"),
    ],
)
def test_a_table_that_cannot_be_used_names_the_line_and_nobody(
    tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "staff.csv"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(BadInputError, match=said) as refused:
        read_link_table(file)
    assert "c1" not in str(refused.value).replace(str(file), "")
    assert "ann@" not in str(refused.value)


def test_a_table_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="No such file"):
        read_link_table(tmp_path / "none.csv")


def test_the_terminal_imports_counts_and_takes_out(workspace: Path, tmp_path: Path) -> None:
    runtime.use_settings(Settings(workspace=workspace))
    keys = runtime.secret_keys()
    customer = next(iter(runtime.event_store().customer_ids()))
    runtime.use_settings(None)
    file = tmp_path / "staff.csv"
    file.write_text(f"employee,customer_id\n{badge(keys, 'ann')},{customer}\n")
    assert brandswipe("model", "recommend", customer, workspace=workspace).code == 0
    done = brandswipe("people", "link", str(file), workspace=workspace)
    assert (done.code, done.err) == (0, "Linked 1 employees.\n")
    counted = brandswipe("people", "count", "--format", "json", workspace=workspace)
    assert (counted.code, '"table": 1' in counted.out) == (0, True)
    refused = brandswipe("model", "recommend", customer, workspace=workspace)
    assert (refused.code, refused.out) == (2, "")
    assert "a colleague's" in refused.err
    assert customer not in refused.err
    assert logged(workspace) == [
        '{"left_out":0,"linked":1}', '{"why":"a linked account"}'
    ]  # fmt: skip
    assert brandswipe("people", "unlink", "ann", workspace=workspace).err == "The link is gone.\n"
    again = brandswipe("people", "unlink", "ann", workspace=workspace).err
    assert again == "Nobody is linked by this subject.\n"
    assert brandswipe("model", "recommend", customer, workspace=workspace).code == 0


def logged(workspace: Path) -> list[str]:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(workspace / "study.db")) as store:
        return [detail for (detail,) in store.execute("select detail from events_log order by id")]
