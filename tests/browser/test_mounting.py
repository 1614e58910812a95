"""A component outlives 50 mounts over its own node, in any order, also two in a frame."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect
from streamlit.testing.v1 import AppTest

from tests.browser.conftest import Server
from tests.browser.support.gestures import mood, rows, until
from tests.browser.support.mounting import MOUNTS, Theatre, frames_of

pytestmark = pytest.mark.browser
HERE = Path(__file__).parent / "support"
NAMES = (
    "swipe", "late", "reveal", "wall", "practice", "carousel", "crawl", "farewell", "pass_on",
    "memory", "save",
)  # fmt: skip
Parts = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def parts() -> Parts:
    """Return html, css, js and the data in each language of every component."""
    found: Parts = {}
    for language in ("nl", "en"):
        at = AppTest.from_file(str(HERE / "mounting_page.py"), default_timeout=60)
        at.query_params["lang"] = language
        at.run()
        assert not at.exception
        for element in at.get("bidi_component"):
            sent = element.proto
            name = sent.component_name.rpartition("brandswipe_")[2]
            whole = {"html": sent.html_content, "css": sent.css_content, "js": sent.js_content}
            found.setdefault(name, {**whole, "data": {}})["data"][language] = json.loads(sent.json)
    return found


@pytest.fixture
def theatre(open_context: Callable[..., BrowserContext], stage: Server) -> Iterator[Theatre]:
    yield Theatre(open_context(reduced_motion="reduce").new_page(), stage)
    mood(open_context().new_page(), stage, "ok")


def check_swipe(theatre: Theatre) -> None:
    """No answer of all those mounts is lost or doubled, and one more is one row."""
    pressed = theatre.page.evaluate("node.keys")
    expect(theatre.see(".card[data-depth='0'] h3")).to_have_text(
        theatre.data["faces"][pressed]["brand"]
    )
    theatre.page.keyboard.press("ArrowLeft")
    expect(theatre.see(".saved")).to_have_attribute("data-state", "saved")
    found = rows(theatre.page, theatre.server, theatre.data["deck"])
    assert sorted(row["position"] for row in found) == list(range(1, pressed + 2))
    assert max(found, key=lambda row: row["position"])["answer"] == "not_favourite"


def check_late(theatre: Theatre) -> None:
    words = theatre.data["words"].replace("{n}", "1")
    expect(theatre.see(".late")).to_have_text(words)


def check_reveal(theatre: Theatre) -> None:
    expect(theatre.see(".headline")).to_have_text(theatre.data["headline"])
    expect(theatre.see(".table > li.turned")).to_have_count(4)
    theatre.see(".chip[data-reason='once']").first.click()
    assert theatre.events() == [["refusals", {"1": "once"}]]
    theatre.play([[["run", "nl"]]])
    expect(theatre.see(".stands:not(:empty)")).to_have_count(1)  # the other says "once" here


def check_wall(theatre: Theatre) -> None:
    expect(theatre.see(".shelf")).to_have_attribute(
        "aria-label", theatre.data["texts"]["shelf_label"]
    )
    for brand in ("Lego 1", "Nike 3", "Bose 4"):
        theatre.page.get_by_role("searchbox").fill(brand)
        theatre.see(f".found .brick[data-brand='{brand}']").click()
    theatre.see(".enough").click()
    assert theatre.events() == [["picked", ["Lego 1", "Nike 3", "Bose 4"]]]


def check_practice(theatre: Theatre) -> None:
    texts = theatre.data["texts"]
    expect(theatre.see(".answers button")).to_have_count(4)
    theatre.page.keyboard.press("ArrowLeft")
    expect(theatre.see(".heard")).to_contain_text(texts["heard_not_favourite"])
    expect(theatre.see(".card")).to_have_count(1)


def check_carousel(theatre: Theatre) -> None:
    expect(theatre.see(".row")).to_have_attribute("aria-label", "en")
    expect(theatre.see("button")).to_have_count(4)
    theatre.see("button").nth(2).click()
    assert theatre.events() == [["chosen", "Nike 3"]]


def check_crawl(theatre: Theatre) -> None:
    expect(theatre.see(".text h2")).to_have_text(theatre.data["lines"][0])
    expect(theatre.see(".sky i")).to_have_count(70)
    theatre.see(".skip").click()
    assert theatre.events() == [["ended", True]]


def check_farewell(theatre: Theatre) -> None:
    expect(theatre.see(".farewell")).to_have_text(theatre.data["words"])
    theatre.play([[["leave"], ["come"], ["run", "nl"], ["run", "en"]]])
    until(theatre.page, lambda: theatre.events() == [["unsent", 0]])


def check_pass_on(theatre: Theatre) -> None:
    texts = theatre.data["texts"]
    expect(theatre.see("textarea")).to_have_count(3)
    theatre.see(".lines button").first.click()
    expect(theatre.see(".told")).to_have_text(texts["copied"])
    expect(theatre.see(".told")).to_be_empty()


def check_memory(theatre: Theatre) -> None:
    theatre.play([[["run", "nl"], ["run", "en"]]])
    assert theatre.events() == [["brands", ["Lego"]]]


def check_save(theatre: Theatre) -> None:
    saved: list[str] = []
    theatre.page.on("download", lambda download: saved.append(download.suggested_filename))
    expect(theatre.see(".save")).to_have_text(theatre.data["label"])
    theatre.see(".save").click()
    until(theatre.page, lambda: bool(saved))
    theatre.page.wait_for_timeout(300)
    assert saved == ["mine.json"]


CHECKS: dict[str, Callable[[Theatre], None]] = {name: globals()[f"check_{name}"] for name in NAMES}


def dealt(part: dict[str, Any], deck: str) -> dict[str, Any]:
    """Return the component with a deck that no other test plays."""
    fresh = {"deck": deck, "token": f"{deck}#0"}
    return {**part, "data": {name: data | fresh for name, data in part["data"].items()}}


def leave_a_late_row(theatre: Theatre, deck: str) -> None:
    """Put an answer to a closed deck into the browser's storage."""
    row = {"id": "old-1", "position": 1, "kind": "answer", "answer": "favourite", "tab": "old"}
    keep = f"row => localStorage.setItem('brandswipe:me:{deck}:old-1', JSON.stringify(row))"
    theatre.page.evaluate(keep, row | {"tab_seq": 1, "client_at": 1})
    mood(theatre.page, theatre.server, "late")


@pytest.mark.parametrize(("seed", "name"), list(enumerate(NAMES)))
def test_a_component_outlives_fifty_mounts_over_its_own_node(
    theatre: Theatre, parts: Parts, seed: int, name: str
) -> None:
    part = dealt(parts[name], f"{name}-{seed}")
    if name == "late":
        leave_a_late_row(theatre, f"{name}-{seed}")
    none = theatre.listeners()
    theatre.load(part)
    theatre.play([[["markup"], ["run", "en"]]])
    once = theatre.listeners()
    theatre.play([[["leave"], ["come"]], *frames_of(seed)])
    theatre.page.wait_for_timeout(500)
    theatre.forget_events()
    CHECKS[name](theatre)
    assert name != "swipe" or theatre.page.evaluate("node.keys") > MOUNTS / 2
    assert theatre.listeners() == once
    theatre.play([[["leave"]]])
    assert theatre.listeners() == none
    until(theatre.page, lambda: theatre.waiting() == [])
    assert theatre.complaints == []


def test_every_component_is_mounted_here(parts: Parts) -> None:
    assert set(parts) == set(NAMES)
    assert all(set(part["data"]) == {"en", "nl"} for part in parts.values())


@pytest.mark.parametrize("act", ["unmount", "leave"])
def test_what_is_unmounted_lets_go_of_the_page(theatre: Theatre, parts: Parts, act: str) -> None:
    none = theatre.listeners()
    theatre.load(dealt(parts["swipe"], act))
    theatre.play([[["markup"], ["run", "en"], ["run", "nl"]]])
    assert "keydown" in theatre.listeners()
    theatre.play([[[act]]])
    until(theatre.page, lambda: theatre.listeners() == none)
    expect(theatre.see(".card")).to_have_count(0)


@pytest.mark.parametrize("name", NAMES)
def test_an_overtaken_run_that_ends_late_leaves_the_newer_one_its_page(
    theatre: Theatre, parts: Parts, name: str
) -> None:
    part = dealt(parts[name], f"overtaken-{name}")
    theatre.load(part)
    theatre.play([[["markup"], ["run", "en"], ["run", "nl"], ["clean"]], [["run", "en"]]])
    theatre.play([[["press", "ArrowRight"]]])
    if name != "late":
        theatre.forget_events()
        CHECKS[name](theatre)
    assert theatre.complaints == []


def test_brands_that_were_picked_outlive_a_run_that_was_overtaken(
    theatre: Theatre, parts: Parts
) -> None:
    theatre.load(parts["wall"])
    theatre.play([[["markup"], ["run", "en"]]])
    theatre.page.get_by_role("searchbox").fill("Bose 4")
    theatre.see(".found .brick").first.click()
    theatre.play([[["run", "nl"]], [["overtake", "en"], ["clean"]]])
    expect(theatre.see(".shelf strong, .shelf .name")).to_have_text(["Bose 4"])
