"""The operator's examples in the programs they are for, which apt installs."""

import getpass
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.conftest import PROGRAM, Demo, build_demo, free_port
from tests.browser.support.gestures import all_saved, press
from tests.browser.support.visits import Ear, answers_of, ask, decks_of, live_as, show_result
from tests.support.paths import ROOT

pytestmark = pytest.mark.soak
Open = Callable[..., BrowserContext]
EXAMPLES = ROOT / "docs" / "operations"
ROUND = """
daemon off;
user {user};
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/answers;
    fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u;
    scgi_temp_path {folder}/s;
{example}
}}
"""


def installed(name: str) -> str:
    """Return where a program is; a missing one is a failure."""
    path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    assert path, f"{name} is missing: apt-get install {name}"
    return path


@pytest.fixture
def behind(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Demo]:
    """The demo's workspace under the path of the example."""
    monkeypatch.setenv("STREAMLIT_SERVER_BASE_URL_PATH", "/brands")
    server = build_demo(built, tmp_path)
    where = ["--workspace", str(server.workspace), "--port", str(server.port)]
    server.command = [PROGRAM, "serve", "--no-browser", *where]
    server.url += "/brands"
    try:
        server.start()
        yield server
    finally:
        server.kill()


def certify(folder: Path) -> None:
    """Make a certificate that nobody has signed but itself."""
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    made = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "crt.pem")]
    asked = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *made]
    subprocess.run([installed("openssl"), *asked], check=True, capture_output=True)


def configured(folder: Path, port: int, inner: int) -> Path:
    """Write the example with the paths and ports of here, and with nothing else changed."""
    example = (EXAMPLES / "nginx.conf").read_text(encoding="utf-8")
    for there, here in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/ssl/play.shop.example.crt", f"{folder}/crt.pem"),
        ("/etc/ssl/play.shop.example.key", f"{folder}/key.pem"),
        ("/var/log/nginx/brandswipe.log", f"{folder}/access.log"),
        ("http://127.0.0.1:8501", f"http://127.0.0.1:{inner}"),
    ):
        assert example.count(there) == 1, there
        example = example.replace(there, here)
    path = folder / "nginx.conf"
    path.write_text(ROUND.format(user=getpass.getuser(), folder=folder, example=example))
    return path


@pytest.fixture
def front(behind: Demo, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """nginx before the server: its address, and its access log."""
    folder, port = tmp_path / "nginx", free_port()
    folder.mkdir()
    certify(folder)
    start = [
        installed("nginx"),
        "-p",
        str(folder),
        "-c",
        str(configured(folder, port, behind.port)),
    ]
    checked = subprocess.run([*start, "-t"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    with subprocess.Popen(start, cwd=folder) as nginx:
        listens(port)
        yield f"https://127.0.0.1:{port}/brands", folder / "access.log"
        nginx.terminate()


def listens(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError("nginx does not listen")


def test_a_deck_is_played_behind_the_nginx_of_the_example(
    open_context: Open, behind: Demo, front: tuple[str, Path]
) -> None:
    address, log = front
    context = open_context(ignore_https_errors=True)
    ear, page = Ear(context), context.new_page()
    well = context.request.get(f"{address}/healthz")
    assert (well.status, well.json()["status"]) == (200, "ok")
    assert well.headers["strict-transport-security"] == "max-age=31536000"
    live_as(page, address, "noor")
    (deck,) = decks_of(behind, "persona")
    press(page, ["ArrowRight"] * 10, 30)
    all_saved(page)
    page.reload()
    page.locator(".game .card[data-depth='0']").wait_for()
    press(page, ["ArrowLeft"] * 10, 30)
    all_saved(page)
    said = [(n, "favourite" if n <= 10 else "not_favourite") for n in range(1, 21)]
    assert answers_of(behind, deck) == said
    assert ask(behind, "select count(*), count(distinct id) from swipes where deck = ?", deck) == [
        (20, 20)
    ]
    show_result(page)
    paths = {urlsplit(answer.url).path for answer in ear.answers}
    assert "/brands/api/swipes" in paths
    assert {path for path in paths if path[:1] == "/" and not path.startswith("/brands")} == set()
    assert (ear.hosts, ear.complaints) == ({"127.0.0.1"}, [])
    lines = log.read_text().splitlines()
    assert lines
    assert all(re.fullmatch(r"[\d:T+-]+ [A-Z]+ \d{3} [\d.]+", line) for line in lines)


@pytest.mark.parametrize("how", ["adapt", "validate"])
def test_caddy_takes_its_example(tmp_path: Path, how: str) -> None:
    asked = [how, "--adapter", "caddyfile", "--config", str(EXAMPLES / "Caddyfile")]
    home = os.environ | {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    said = subprocess.run(
        [installed("caddy"), *asked], capture_output=True, text=True, env=home, cwd=tmp_path
    )
    assert said.returncode == 0, said.stderr
