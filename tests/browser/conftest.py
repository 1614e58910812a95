"""A real Chromium against a real server. A missing browser is a failure, never a skip."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from app.presentation.theme import STATIC_FOLDER, streamlit_options
from tests.browser.support.chromium import find
from tests.support.cli_runner import brandswipe
from tests.support.once import build_once, shared_root

HERE = Path(__file__).parent / "support"
PATIENCE = 30_000  # ms: a busy machine is slow, and what is well costs none of it
expect.set_options(timeout=PATIENCE)
PROGRAM = str(Path(sys.executable).parent / "brandswipe")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Server:
    """A Streamlit server in a process of its own, on a free port, in a folder of its own."""

    def __init__(self, script: str, folder: Path, *flags: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        run = [sys.executable, "-m", "streamlit", "run", script, f"--server.port={self.port}"]
        self.command = [*run, *streamlit_options(), *flags]

    def start(self) -> "Server":
        """Start, and return when it answers."""
        log = (self.folder / "server.log").open("ab")
        self.process = subprocess.Popen(
            self.command, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
        )
        log.close()
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            with suppress(OSError), urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2):
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        self.kill()  # no fixture has it yet, so nobody else would
        raise RuntimeError((self.folder / "server.log").read_text())

    def kill(self) -> None:
        """End it as a power cut would."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Demo(Server):
    """`brandswipe demo` as a user starts it, on the workspace in its folder."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.workspace, self.port = folder, folder / "ws", free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        say = ["--workspace", str(self.workspace), "--port", str(self.port), "--no-browser"]
        self.command = [PROGRAM, "demo", *say, *options]


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def build_stage(folder: Path) -> Server:
    """Return a server of the stage in `folder`, not yet started."""
    for script in ("component_server.py", "component_page.py"):
        shutil.copy(HERE / script, folder)
    shutil.copytree(STATIC_FOLDER, folder / "static")
    return Server("component_server.py", folder)


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = build_stage(tmp_path_factory.mktemp("stage")).start()
    yield server
    server.kill()


@pytest.fixture
def own_stage(tmp_path: Path) -> Iterator[Server]:
    """A stage that a test may kill."""
    server = build_stage(tmp_path).start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's workspace, small, made by the real command. Do not write."""
    return build_once(shared_root(tmp_path_factory), "demo", build_workspace) / "ws"


def build_workspace(folder: Path) -> None:
    """Build the demo's workspace in `folder`, as a user does."""
    said = brandswipe("demo", "--only-build", "--customers", "1500", workspace=folder / "ws")
    assert said.code == 0, said.err


def build_demo(built: Path, folder: Path, *options: str) -> Demo:
    """Return a server of the demo on a copy of its own, not yet started."""
    shutil.copytree(built, folder / "ws")
    return Demo(folder, *options)


@pytest.fixture(scope="session")
def demo(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    server = build_demo(built, tmp_path_factory.mktemp("shown"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def own_demo(built: Path, tmp_path: Path) -> Iterator[Demo]:
    """A demo that a test may kill."""
    server = build_demo(built, tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = find()
    assert path, "The browser tests need Chromium: run `make browser` or install it with apt."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def new_context(browser: Browser, width: int, height: int, **options: Any) -> BrowserContext:
    """Return a context of its own size, with patience for a busy machine."""
    context = browser.new_context(viewport={"width": width, "height": height}, **options)
    context.set_default_timeout(PATIENCE)
    return context


@pytest.fixture
def open_context(chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Open contexts of any kind; each is closed after the test."""
    opened: list[BrowserContext] = []

    def open_one(width: int = 1280, height: int = 800, **options: Any) -> BrowserContext:
        opened.append(new_context(chromium, width, height, **options))
        return opened[-1]

    yield open_one
    for context in opened:
        context.close()


@pytest.fixture(scope="session")
def desk_context(chromium: Browser) -> BrowserContext:
    """One context for all desks: a warm cache halves the time of a page."""
    return new_context(chromium, 1280, 800)


@pytest.fixture(scope="session")
def phone_context(chromium: Browser) -> BrowserContext:
    return new_context(chromium, 390, 844, has_touch=True, is_mobile=True)


@pytest.fixture
def desk(desk_context: BrowserContext) -> Iterator[Page]:
    page = desk_context.new_page()
    yield page
    page.close()


@pytest.fixture
def phone(phone_context: BrowserContext) -> Iterator[Page]:
    page = phone_context.new_page()
    yield page
    page.close()
