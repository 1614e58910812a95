"""A page with one node, over which a component is mounted in many ways."""

import random
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page

from tests.browser.conftest import Server

HERE = Path(__file__).parent
MOUNTS = 50
LISTENERS = ("window", "document", "document.body")
Act = list[str]
Acts = list[Act]


class Theatre:
    """A page with one node, its errors, its events and its listeners."""

    def __init__(self, page: Page, server: Server) -> None:
        self.page, self.server = page, server
        self.complaints: list[str] = []
        page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(f"{server.url}/api/rows?deck=none")
        page.evaluate("document.body.replaceChildren()")
        page.evaluate((HERE / "mounting.js").read_text("utf-8"))
        self.devtools = page.context.new_cdp_session(page)

    def load(self, part: dict[str, Any]) -> None:
        """Put an empty node for the component on the page."""
        self.data = part["data"]["en"]
        self.page.evaluate(
            "async part => void (globalThis.node = await new mounting.Node(part).load())", part
        )

    def play(self, frames: list[Acts]) -> None:
        """Do the acts of each frame within it; nothing of it may fail."""
        self.page.evaluate("frames => node.play(frames)", frames)
        assert self.page.evaluate("node.errors") == []

    def listeners(self) -> list[str]:
        """Return what listens on the page itself, not on a node that goes with the component."""
        return sorted(kind for name in LISTENERS for kind in self._listeners_of(name))

    def _listeners_of(self, name: str) -> list[str]:
        found = self.devtools.send("Runtime.evaluate", {"expression": name})["result"]
        asked = {"objectId": found["objectId"]}
        told = self.devtools.send("DOMDebugger.getEventListeners", asked)
        return [listener["type"] for listener in told["listeners"]]

    def waiting(self) -> list[str]:
        """Return where the timers were started that still run."""
        found: list[str] = self.page.evaluate("mounting.waiting()")
        return found

    def events(self) -> list[Any]:
        """Return what the component told Streamlit."""
        found: list[Any] = self.page.evaluate("node.events")
        return found

    def forget_events(self) -> None:
        """Empty the list of events."""
        self.page.evaluate("() => void (node.events.length = 0)")

    def see(self, mark: str) -> Locator:
        """Return what a person may see of the component."""
        return self.page.locator(mark)


def one_mount(rng: random.Random) -> Acts:
    """Return one way in which a component comes over a node that may hold it already."""
    language = rng.choice(["en", "nl"])
    other = rng.choice(["en", "nl"])
    ways: list[Acts] = [
        [["markup"], ["run", language]],
        [["run", language]],
        [["run", language], ["run", other], ["breathe"], ["clean"]],
        [["run", language], ["clean"], ["run", other]],
        [["run", "none"], ["breathe"], ["run", language]],
        [["strip"], ["run", language], ["breathe"], ["markup"]],
        [["overtake", language]],
        [["overtake", language], ["breathe"], ["overtake", other], ["clean"]],
        [["unmount"], ["run", language]],
        [["unmount"], ["markup"], ["run", language]],
        [["unmount"], ["run", "none"], ["markup"], ["breathe"], ["run", language], ["run", other]],
        [["leave"], ["come"], ["run", language]],
        [["leave"], ["come"], ["markup"], ["run", "none"], ["run", language]],
        [["run", language], ["leave"], ["run", other], ["unmount"], ["come"], ["run", language]],
    ]
    return rng.choice(ways)


def frames_of(seed: int) -> list[Acts]:
    """Return mounts in a random order, some two in a frame, with keys and pauses between."""
    rng = random.Random(seed)
    frames: list[Acts] = [[["markup"], ["run", "en"]]]
    for _ in range(MOUNTS):
        acts = [*one_mount(rng), ["breathe"], ["press", "ArrowRight"]]
        if rng.random() < 0.3:
            frames[-1] += acts
        else:
            frames.append(acts)
        if rng.random() < 0.2:
            frames.append([])
    return [
        *frames,
        [["markup"], ["unmount"], ["run", "nl"], ["run", "en"], ["breathe"], ["clean"]],
    ]
