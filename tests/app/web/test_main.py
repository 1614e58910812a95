"""The entry of the browser: who sees which pages, and nothing at all without a guard."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest

from app.auth.device_pairing import local_address
from app.web import runtime
from app.web.middleware import is_local_request
from app.web.views.session import SESSION_KEY, Session, WantedPage
from app.workspace.settings import Login, Settings
from tests.support.paths import ROOT

MAIN = str(ROOT / "app" / "web" / "main.py")
FAR = "192.168.1.7"


@pytest.fixture
def opened(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The page in local mode, behind a guard, in a shop where nothing is open."""
    asked_from(monkeypatch, None)
    runtime.use_settings(Settings(workspace=workspace, login=Login.LOCAL))
    runtime.mark_guarded()
    yield AppTest.from_file(MAIN, default_timeout=30)
    runtime.use_settings(None)


def asked_from(monkeypatch: pytest.MonkeyPatch, address: str | None, **headers: str) -> None:
    """Let the page be asked from an address; None is this computer."""
    monkeypatch.setattr(ContextProxy, "ip_address", property(lambda _: address))
    monkeypatch.setattr(ContextProxy, "headers", property(lambda _: headers))


def roles(at: AppTest) -> list[str]:
    return [group.key for group in at.segmented_control if group.key == "role"]


def test_without_a_guard_the_page_is_one_sentence(opened: AppTest) -> None:
    runtime.use_settings(runtime.settings())
    at = opened.run()
    assert [said.value for said in at.markdown] == ["Start it with `brandswipe serve`."]
    everything = [*at.title, *at.button, *at.segmented_control, *at.get("bidi_component")]
    assert everything == []


def test_this_computer_chooses_a_role(opened: AppTest) -> None:
    at = opened.run()
    assert roles(at) == ["role"]
    assert set(at.session_state[SESSION_KEY].pages) == {"play", "carousel", "my_data"}
    at.session_state["role"] = "ds"
    assert set(at.run().session_state[SESSION_KEY].pages) == {
        "play",
        "carousel",
        "my_data",
        "report",
        "workbench",
    }


@pytest.mark.parametrize(
    ("address", "headers"),
    [(FAR, {}), (None, {"X-Forwarded-For": "127.0.0.1"}), ("127.0.0.1", {"Forwarded": "for=::1"})],
)
def test_a_phone_or_a_proxy_chooses_none_whatever_its_address_says(
    opened: AppTest, monkeypatch: pytest.MonkeyPatch, address: str | None, headers: dict[str, str]
) -> None:
    asked_from(monkeypatch, address, **headers)
    opened.query_params["role"] = "ds"
    opened.session_state["role"] = "ds"
    opened.session_state[SESSION_KEY] = Session(wanted_page=WantedPage("ds", "workbench", {}))
    at = opened.run()
    assert roles(at) == []
    assert set(at.session_state[SESSION_KEY].pages) == {"play", "carousel", "my_data"}
    assert not at.exception


def test_nobody_chooses_a_role_where_roles_are_not_chosen_by_hand(opened: AppTest) -> None:
    runtime.use_settings(Settings(workspace=runtime.settings().workspace))
    runtime.mark_guarded()
    at = opened.run()
    assert (roles(at), set(at.session_state[SESSION_KEY].pages)) == (
        [],
        {"play", "carousel", "my_data"},
    )


def test_where_nothing_is_open_the_page_says_who_opens_it(opened: AppTest) -> None:
    opened.query_params["lang"] = "nl"
    at = opened.run()
    assert [title.value for title in at.title] == ["Er valt nog niets te spelen"]


def test_only_what_comes_from_here_and_through_nobody_is_from_here() -> None:
    assert is_local_request("127.0.0.1", ["Host"])
    assert is_local_request("::1", [])
    assert not is_local_request(FAR, [])
    assert not is_local_request("127.0.0.1", ["x-real-ip"])


def test_the_address_on_the_network_is_no_loopback() -> None:
    found = local_address()
    assert found is None or not found.startswith("127.")
