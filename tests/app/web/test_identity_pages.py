"""Behind a proxy's login: who plays as whom, and which pages that gives."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from joserfc.jwk import RSAKey
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest

from app.auth.identity import badge, pseudonym
from app.study.dealing import Player
from app.web import runtime
from app.web.views import players
from app.web.views.session import SESSION_KEY, Session, WantedPage
from app.workspace.settings import Settings
from recsys.study.deck import Origin
from tests.support.paths import ROOT
from tests.support.signed_logins import HEADER, header, proxied

MAIN = str(ROOT / "app" / "web" / "main.py")
EVERYBODYS, PMS, ALL = {"play", "carousel"}, {"report"}, {"report", "workbench"}


@pytest.fixture
def behind_proxy(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """A server behind a proxy, in the shop of the tests."""
    monkeypatch.chdir(tmp_path)
    settings = proxied(tmp_path, workspace=workspace)
    runtime.use_settings(settings)
    runtime.mark_guarded()
    yield settings
    runtime.use_settings(None)


def arrive(monkeypatch: pytest.MonkeyPatch, said: str | None) -> AppTest:
    """Open the page with what the proxy says of whoever asks."""
    headers = {} if said is None else {HEADER: said}
    monkeypatch.setattr(ContextProxy, "headers", property(lambda _: headers))
    at = AppTest.from_file(MAIN, default_timeout=30)
    at.query_params["lang"] = "en"
    return at


def pages_of(at: AppTest) -> set[str]:
    return set(at.session_state[SESSION_KEY].pages) - {"my_data"}


def login_of(**said: object) -> str:
    return header(now=time.time(), **said)


@pytest.mark.usefixtures("behind_proxy")
@pytest.mark.parametrize(
    ("groups", "more"), [([], set()), (["pm"], PMS), (["ds"], ALL), (["pm", "ds"], ALL)]
)
def test_a_role_is_told_by_the_login_and_never_chosen(
    monkeypatch: pytest.MonkeyPatch, groups: list[str], more: set[str]
) -> None:
    at = arrive(monkeypatch, login_of(roles=groups))
    at.query_params["role"] = "ds"
    at.session_state["role"] = "ds"
    at.session_state[SESSION_KEY] = Session(wanted_page=WantedPage("ds", "workbench", {}))
    at.run()
    assert EVERYBODYS | more <= pages_of(at) <= EVERYBODYS | ALL
    assert (ALL - more).isdisjoint(pages_of(at))
    assert "role" not in [group.key for group in at.segmented_control]
    assert not at.exception


NOBODY = {
    "no header": (lambda: None, "First, who are you?"),
    "another key": (lambda: header(RSAKey.generate_key(2048)), "You cannot come in"),
    "another audience": (lambda: login_of(aud="other"), "You cannot come in"),
    "an old login": (lambda: header(now=time.time() - 13 * 3600), "Your login is over"),
}


@pytest.mark.usefixtures("behind_proxy")
@pytest.mark.parametrize("who", NOBODY)
def test_who_is_not_known_sees_one_sentence_and_no_page(
    monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    make, title = NOBODY[who]
    at = arrive(monkeypatch, make()).run()
    assert [said.value for said in at.title] == [title]
    assert (pages_of(at), list(at.get("bidi_component"))) == (set(), [])
    assert not at.exception


def test_a_role_that_is_taken_away_is_gone_at_the_next_step(
    monkeypatch: pytest.MonkeyPatch, behind_proxy: Settings
) -> None:
    file = behind_proxy.workspace / "brandswipe.toml"
    file.write_text('ds_people = ["ann"]')
    at = arrive(monkeypatch, login_of()).run()
    assert pages_of(at) == EVERYBODYS | ALL
    file.write_text("ds_people = []")
    assert pages_of(at.run()) == EVERYBODYS


def plays(monkeypatch: pytest.MonkeyPatch, said: str) -> Player:
    """Who somebody plays as, seen from within her page."""
    found: list[Player] = []
    settle = players.restore_persona

    def look(page: str) -> None:
        settle(page)
        found.append(players.current_player())

    monkeypatch.setattr(players, "restore_persona", look)
    at = arrive(monkeypatch, said)
    at.query_params["as"] = "noor"
    assert not at.run().exception
    return found[0]


@pytest.mark.usefixtures("behind_proxy")
def test_who_is_linked_to_a_shop_account_plays_as_herself(monkeypatch: pytest.MonkeyPatch) -> None:
    accounts, keys = runtime.account_links(), runtime.secret_keys()
    customer = next(iter(runtime.event_store().customer_ids()))
    ann = badge(keys, "ann")
    accounts.link(ann, accounts.issue_nonce(ann), customer)
    own = pseudonym(keys, "employee ann")
    assert plays(monkeypatch, login_of()) == Player(
        own, Origin.OWN, customer=customer, language="en"
    )


@pytest.mark.usefixtures("behind_proxy")
def test_who_is_not_linked_plays_for_fun_and_borrows_no_life(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bob = pseudonym(runtime.secret_keys(), "employee bob")
    assert plays(monkeypatch, login_of(sub="bob")) == Player(bob, Origin.ELICITED)
