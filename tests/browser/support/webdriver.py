"""Firefox and WebKit as Debian ships them, driven by the W3C's WebDriver commands.

Firefox hears them over a socket of its own (Marionette), WebKit over HTTP from WebKitWebDriver.
Neither needs a package beyond the browser; WebKit needs a display, which Xvfb pretends to be.
"""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from tests.browser.conftest import free_port

PATIENCE = 60  # seconds until a browser must answer
MINIBROWSERS = "*/webkit2gtk-4.*/MiniBrowser"
INSTALL = {
    "Firefox": "install it with `apt-get install firefox-esr`",
    "WebKit": "install it with `apt-get install webkit2gtk-driver xvfb`",
}


class Browser(Protocol):
    """What the tests ask of a browser."""

    version: str

    def open(self, url: str) -> None:
        """Go to a page."""

    def run(self, script: str, *values: object) -> Any:
        """Run the body of a function in the page; return what it returns."""

    def press(self, keys: Sequence[str], gap: int) -> None:
        """Press keys as a keyboard would, `gap` ms apart."""


def key_actions(keys: Sequence[str], gap: int) -> dict[str, Any]:
    """Return the WebDriver action that presses keys."""
    steps: list[dict[str, Any]] = []
    for key in keys:
        steps += [{"type": kind, "value": key} for kind in ("keyDown", "keyUp")]
        steps.append({"type": "pause", "duration": gap})
    return {"actions": [{"type": "key", "id": "keyboard", "actions": steps}]}


class Firefox:
    """A Firefox without a window: messages are `length:[0, id, name, parameters]`."""

    def __init__(self, port: int) -> None:
        self.wire = _connected(port)
        self.serial = 0
        self._read()  # its greeting
        capabilities = self.say("NewSession", {"capabilities": {}})["capabilities"]
        self.version = f"Firefox {capabilities['browserVersion']}"

    def say(self, command: str, parameters: dict[str, Any]) -> Any:
        """Send one command and return its result."""
        self.serial += 1
        said = json.dumps([0, self.serial, f"WebDriver:{command}", parameters]).encode()
        self.wire.sendall(b"%d:%b" % (len(said), said))
        _, _, error, result = self._read()
        assert error is None, f"Firefox refused {command}: {error}"
        return result

    def open(self, url: str) -> None:
        self.say("Navigate", {"url": url})

    def run(self, script: str, *values: object) -> Any:
        return self.say("ExecuteScript", {"script": script, "args": list(values)})["value"]

    def press(self, keys: Sequence[str], gap: int) -> None:
        self.say("PerformActions", key_actions(keys, gap))

    def _read(self) -> Any:
        size = b""
        while not size.endswith(b":"):
            size += self._some(1)
        return json.loads(self._some(int(size[:-1])))

    def _some(self, count: int) -> bytes:
        got = b""
        while len(got) < count:
            more = self.wire.recv(count - len(got))
            assert more, "Firefox hung up."
            got += more
        return got


class WebKit:
    """A MiniBrowser of WebKitGTK, through WebKitWebDriver."""

    def __init__(self, port: int, binary: Path) -> None:
        self.home = f"http://127.0.0.1:{port}/session"
        options = {"binary": str(binary), "args": ["--automation"]}
        wanted = {"browserName": "MiniBrowser", "webkitgtk:browserOptions": options}
        made = self.say("", {"capabilities": {"alwaysMatch": wanted}})
        self.home += f"/{made['sessionId']}"
        self.version = f"WebKitGTK {made['capabilities']['browserVersion']}"

    def say(self, path: str, parameters: dict[str, Any]) -> Any:
        """Send one command and return its result."""
        body = json.dumps(parameters).encode()
        asked = urllib.request.Request(self.home + path, body, method="POST")
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
            return json.load(answer)["value"]

    def open(self, url: str) -> None:
        self.say("/url", {"url": url})

    def run(self, script: str, *values: object) -> Any:
        return self.say("/execute/sync", {"script": script, "args": list(values)})

    def press(self, keys: Sequence[str], gap: int) -> None:
        self.say("/actions", key_actions(keys, gap))

    def close(self) -> None:
        """End the session, and the browser with it."""
        asked = urllib.request.Request(self.home, method="DELETE")
        with urllib.request.urlopen(asked, timeout=PATIENCE):
            pass


def _connected(port: int) -> socket.socket:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(OSError):
            return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        time.sleep(0.1)
    raise AssertionError(f"Nobody answers on port {port}.")


def program(browser: str, *names: str) -> str:
    """Return the path of the first program that is there; else say how to install it."""
    found = next((path for path in map(shutil.which, names) if path), None)
    assert found, f"This test needs {browser}: {INSTALL[browser]}, and run it again."
    return found


@contextmanager
def running(command: list[str], **environment: str) -> Iterator[None]:
    """Run a program in the background."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait()


@contextmanager
def firefox(folder: Path) -> Iterator[Browser]:
    """Run a Firefox on a profile in this folder."""
    port = free_port()
    (folder / "user.js").write_text(f'user_pref("marionette.port", {port});\n')
    path = program("Firefox", "firefox-esr", "firefox")
    run = [path, "--headless", "--marionette", "--no-remote", "--profile", str(folder)]
    with running(run):
        browser = Firefox(port)
        yield browser
        browser.wire.close()


@contextmanager
def webkit(folder: Path) -> Iterator[Browser]:
    """Run a WebKit with its home in this folder, on a display that nobody sees."""
    driver, display = program("WebKit", "WebKitWebDriver"), program("WebKit", "Xvfb")
    binary = next(Path("/usr/lib").glob(MINIBROWSERS), None)
    assert binary, f"This test needs WebKit's MiniBrowser: {INSTALL['WebKit']}, and run it again."
    port, screen = free_port(), f":{free_port()}"
    home = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "DISPLAY": screen}
    with (
        running([display, screen, "-screen", "0", "1280x800x24", "-nolisten", "tcp"]),
        running([driver, f"--port={port}"], **home),
    ):
        _connected(port).close()
        browser = WebKit(port, binary)
        yield browser
        browser.close()
