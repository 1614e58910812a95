"""A shared demo: a code lets in one phone, which plays and has no role to choose."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.auth.device_pairing import local_address
from tests.browser.conftest import PROGRAM, Demo, build_demo, free_port
from tests.browser.support.gestures import all_saved, press
from tests.browser.support.visits import Ear, decks_of, pick_five, show_result
from tests.support.paths import ROOT

pytestmark = pytest.mark.browser
Open = Callable[..., BrowserContext]
INVITED = "This demo is shared by invitation"


@pytest.fixture(scope="module")
def shared(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    server = build_demo(built, tmp_path_factory.mktemp("shared"), "--share")
    server.start()
    yield server
    server.kill()


def phone_of(open_context: Open) -> Page:
    return open_context(390, 844, has_touch=True, is_mobile=True).new_page()


def invitation(page: Page, server: Demo) -> str:
    """The address on the desk's screen, as a phone of this test reaches it."""
    page.goto(f"{server.url}/?lang=en")
    expect(page.get_by_role("heading", name="Play on your phone")).to_be_visible()
    shown = str(page.get_by_test_id("stCode").text_content()).strip()
    assert re.fullmatch(rf"http://[\d.]+:{server.port}/pair/\w{{10}}", shown)
    return shown


@pytest.fixture
def address() -> str:
    """Where a phone finds this computer; the desk shows an invitation only if there is one."""
    return local_address() or pytest.fail("This computer has no network address of its own.")


def test_a_phone_with_the_code_plays_and_a_second_one_needs_the_next(
    open_context: Open, shared: Demo, address: str
) -> None:
    desk_context = open_context()
    ear, desk = Ear(desk_context), desk_context.new_page()
    url = invitation(desk, shared)
    drawn = desk.get_by_alt_text("A QR code of the address for one phone")
    assert str(drawn.get_attribute("src")).startswith("data:image/svg+xml")
    expect(desk.get_by_role("radio", name="Data scientist")).to_be_visible()

    phone = phone_of(open_context)
    closed = phone.goto(f"http://{address}:{shared.port}/")
    assert closed
    assert closed.status == 403
    expect(phone.locator("body")).to_contain_text(INVITED)
    phone.goto(url)
    pick_five(phone)
    expect(phone.get_by_role("radio", name="Data scientist")).to_have_count(0)
    press(phone, ["ArrowRight", "ArrowLeft"] * 4)
    all_saved(phone)
    show_result(phone)
    assert len(decks_of(shared, "elicited")) == 1
    for path in ("report", "workbench"):
        phone.goto(f"http://{address}:{shared.port}/{path}?role=ds&lang=en")
        expect(phone.locator(".headline")).to_be_visible()
        expect(phone.get_by_role("heading", name="Play on your phone")).to_have_count(0)

    other = phone_of(open_context)
    refused = other.goto(url)
    assert refused
    assert refused.status == 403
    expect(other.locator("body")).to_have_text(re.compile("This code is used"))
    expect(desk.get_by_test_id("stCode")).not_to_have_text(url)
    assert other.goto(invitation(desk, shared))
    expect(other.get_by_role("heading", name="Pick five brands you love.")).to_be_visible()
    assert (ear.hosts, ear.complaints) == ({"127.0.0.1"}, [])


def test_without_share_the_first_page_says_how_to_get_it(open_context: Open, demo: Demo) -> None:
    page = open_context().new_page()
    page.goto(f"{demo.url}/?lang=en")
    expect(page.get_by_text("brandswipe demo --share")).to_be_visible()
    expect(page.get_by_role("heading", name="Play on your phone")).to_have_count(0)


def test_a_workspace_with_a_shops_own_events_is_not_shared(built: Path, tmp_path: Path) -> None:
    shutil.copytree(built, tmp_path / "ws")
    events = tmp_path / "own.csv"
    events.write_text("customer_id,ts,event,brand\nc1,2026-01-02T10:00:00Z,purchase,Lego\n")
    taken = obey(tmp_path, "data", "ingest", str(events), "--replace")
    said = obey(tmp_path, "demo", "--share", "--no-browser")
    assert (taken.returncode, said.returncode) == (0, 2), taken.stderr
    assert said.stderr.startswith("Only the planted demo can be shared")
    assert (said.stdout, said.stderr.count("\n")) == ("", 1)


def obey(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [PROGRAM, *words, "--workspace", str(folder / "ws")]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_page_alone_serves_no_game(open_context: Open, tmp_path: Path) -> None:
    port = free_port()
    main = ROOT / "app" / "web" / "main.py"
    run = [sys.executable, "-m", "streamlit", "run", str(main), "--server.headless=true"]
    alone = Demo(tmp_path)
    alone.port, alone.url = port, f"http://127.0.0.1:{port}"
    alone.command = [*run, f"--server.port={port}", "--browser.gatherUsageStats=false"]
    alone.start()
    try:
        page = open_context().new_page()
        page.goto(alone.url)
        expect(page.get_by_text("Start it with brandswipe serve.")).to_be_visible()
        expect(page.get_by_role("heading")).to_have_count(0)
        expect(page.locator(".brick")).to_have_count(0)
    finally:
        alone.kill()
