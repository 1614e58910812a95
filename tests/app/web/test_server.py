"""The server says where it is, and why it is not there."""

import http.server
import socket
import threading
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit import config

from app.auth.urls import base_path
from app.web import runtime
from app.web.server import (
    _choose_port,
    _wait_for_answer,
    announce,
    prepare_server,
    serve_app,
    url_opener,
)
from app.workspace.settings import BASE_PATH_ENV, Login, Settings
from recsys.errors import SettingsError


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody else listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield int(other.getsockname()[1])


@pytest.fixture
def healthy() -> Iterator[int]:
    """A port on which a server answers 200."""

    class Well(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503 if self.path == "/unwell" else 200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Well) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    config.get_config_options(force_reparse=True, options_from_flags={})


class TestThePort:
    def test_the_wanted_one_is_taken_when_it_is_free(self, taken: int) -> None:
        free = _choose_port("127.0.0.1", taken, any_port=True)
        assert free > taken
        assert _choose_port("127.0.0.1", free, any_port=False) == free

    def test_one_that_is_taken_is_said_to_be(self, taken: int) -> None:
        with pytest.raises(SettingsError, match=f"Port {taken} is taken.*--port"):
            _choose_port("127.0.0.1", taken, any_port=False)

    def test_an_address_that_is_not_of_this_computer_is_said_to_be(self) -> None:
        with pytest.raises(SettingsError, match=r"cannot listen on 203\.0\.113\.9"):
            _choose_port("203.0.113.9", 8501, any_port=True)

    def test_a_word_that_is_no_address_is_said_to_be(self) -> None:
        with pytest.raises(SettingsError, match=r"cannot listen on nowhere\.invalid"):
            _choose_port("nowhere.invalid", 8501, any_port=True)

    def test_an_address_of_the_newer_kind_is_one(self) -> None:
        with socket.socket(socket.AF_INET6) as other:
            other.bind(("::1", 0))
            other.listen()
            port = other.getsockname()[1]
            with pytest.raises(SettingsError, match="is taken"):
                _choose_port("::1", port, any_port=False)


class TestStarting:
    def test_an_unguarded_address_is_refused_before_anything_else(
        self, planted: Path, taken: int
    ) -> None:
        settings = Settings(workspace=planted, address="203.0.113.9", port=taken)
        with pytest.raises(SettingsError, match="Without a login"):
            serve_app(settings, open_browser=False, any_port=False)

    def test_every_option_is_said_and_the_free_port_is_the_one_that_is_served(
        self, planted: Path, taken: int
    ) -> None:
        settings = Settings(workspace=planted, port=taken, login=Login.LOCAL)
        said: dict[str, Any] = prepare_server(settings, any_port=True)
        assert said["server.address"] == "127.0.0.1"
        assert said["server.port"] > taken
        assert said["browser.gatherUsageStats"] is False
        assert runtime.settings().port == said["server.port"]
        assert "server.baseUrlPath" not in said

    @pytest.mark.parametrize("path", ["/shop/brands/", "shop/brands"])
    def test_the_path_under_which_a_proxy_shows_it_is_the_home_of_all_that_is_served(
        self, planted: Path, taken: int, monkeypatch: pytest.MonkeyPatch, path: str
    ) -> None:
        import app.web.routes

        monkeypatch.setenv(BASE_PATH_ENV, path)
        prepare_server(Settings(workspace=planted, port=taken), any_port=True)
        assert base_path() == "/shop/brands/"
        assert "/shop/brands/api/swipes" in {route.path for route in app.web.routes.routes()}

    @pytest.mark.parametrize("path", ["/a?b", "a/../b", "/a b", "/é", "//", "/<x>"])
    def test_what_is_no_path_is_refused_with_the_name_of_the_setting(
        self, planted: Path, monkeypatch: pytest.MonkeyPatch, path: str
    ) -> None:
        monkeypatch.setenv(BASE_PATH_ENV, path)
        with pytest.raises(SettingsError, match="STREAMLIT_SERVER_BASE_URL_PATH is"):
            serve_app(Settings(workspace=planted), open_browser=False, any_port=True)

    def test_a_server_that_is_stopped_is_no_failure(
        self, planted: Path, taken: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import app.web.routes

        def stopped(**_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(app.web.routes.app, "run", stopped)
        serve_app(Settings(workspace=planted, port=taken), open_browser=False, any_port=True)

    def test_a_shop_of_ones_own_is_never_shared(self, workspace: Path, tmp_path: Path) -> None:
        from tests.support.cli_runner import brandswipe

        (tmp_path / "own.csv").write_text("customer_id,brand\nann,Lego\n")
        assert (
            brandswipe("data", "ingest", str(tmp_path / "own.csv"), workspace=workspace).code == 0
        )
        with pytest.raises(SettingsError, match="Only the planted demo can be shared"):
            serve_app(Settings(workspace=workspace, share=True), open_browser=False, any_port=True)


class TestTheWelcome:
    def test_the_address_is_said_once_the_server_answers(
        self, healthy: int, capsys: pytest.CaptureFixture[str]
    ) -> None:
        opened: list[str] = []
        announce(Settings(port=healthy), interactive=True, open_url=opened.append)
        said = capsys.readouterr()
        assert f"http://localhost:{healthy}" in said.err
        assert said.out == ""
        assert opened == [f"http://localhost:{healthy}"]

    def test_no_browser_is_opened_unasked_or_without_a_display(
        self, healthy: int, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert url_opener(open_browser=False, display=True) is None
        assert url_opener(open_browser=True, display=False) is None
        assert url_opener(open_browser=True, display=True) is webbrowser.open
        announce(Settings(port=healthy, share=True), interactive=True, open_url=None)
        assert "Phones on this network" in capsys.readouterr().err

    def test_nothing_is_said_of_a_server_that_never_answers(
        self, taken: int, capsys: pytest.CaptureFixture[str]
    ) -> None:
        opened: list[str] = []
        announce(Settings(port=taken), interactive=True, open_url=opened.append, timeout=0)
        assert capsys.readouterr().err == ""
        assert opened == []
        assert not _wait_for_answer(f"http://127.0.0.1:{taken}/healthz", timeout=0)

    def test_a_server_that_is_unwell_is_there_all_the_same(self, healthy: int) -> None:
        assert _wait_for_answer(f"http://127.0.0.1:{healthy}/healthz", timeout=60)
        assert _wait_for_answer(f"http://127.0.0.1:{healthy}/unwell", timeout=60)
