"""The first minute of a stranger: she knows nothing, and ends at the report."""

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import Demo
from tests.browser.support.gestures import press
from tests.browser.support.visits import (
    BRANDS,
    Ear,
    answers_of,
    cards_of,
    decks_of,
    pick_five,
    show_result,
)

pytestmark = pytest.mark.browser
Open = Callable[..., BrowserContext]
EIGHT = ["ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown"] * 2


def test_a_stranger_gets_from_the_wall_to_the_report(open_context: Open, demo: Demo) -> None:
    context = open_context()
    ear, page, before = Ear(context), context.new_page(), decks_of(demo, "elicited")
    begun = time.monotonic()
    page.goto(f"{demo.url}/?lang=en")
    expect(page.get_by_role("heading", name="Pick five brands you love.")).to_be_visible()
    pick_five(page)
    expect(page.locator(".count")).to_have_text("Card 1 of 8")
    expect(page.get_by_text(re.compile(r"Weighed \d+ brands in \d+\.\d+ s\."))).to_be_visible()
    press(page, EIGHT, 30)
    show_result(page)
    headline = re.compile(r"We guessed \d of your 4\. You unmasked \d of 2 decoys\.")
    expect(page.locator(".headline")).to_have_text(headline)
    (deck,) = set(decks_of(demo, "elicited")) - set(before)
    cards = cards_of(demo, deck)
    assert {card["brand"] for card in cards}.isdisjoint(BRANDS)
    arms = [arm for card in cards for arm in card["arms"]]
    assert (len(cards), arms.count("pick"), arms.count("decoy")) == (8, 4, 2)
    assert [card["stratum"] for card in cards].count("unique") == 2
    assert [position for position, _ in answers_of(demo, deck)] == list(range(1, 9))
    expect(page.locator("li.decoy .arm")).to_have_text(["A decoy"] * 2)

    page.get_by_role("button", name="Let 40 colleagues play").click()
    verdict = re.compile(r"(Release|Hold|Undecided)[.,:].*%")
    expect(page.get_by_text(verdict).first).to_be_visible()
    to_report = page.get_by_role("button", name="Read the whole report")
    expect(to_report).to_be_visible()
    expect(page.get_by_text(verdict).first).to_contain_text(re.compile("people"))
    assert time.monotonic() - begun < 60
    to_report.click()
    page.wait_for_url(re.compile("/report"))
    expect(page.get_by_role("combobox", name="Study")).to_have_value(re.compile("^playground "))
    assert ear.hosts <= {"127.0.0.1"}
    assert ear.complaints == []


def test_two_browsers_are_two_guests_and_one_comes_back_to_her_own_cards(
    open_context: Open, demo: Demo
) -> None:
    here, there = open_context().new_page(), open_context(390, 844, is_mobile=True).new_page()
    here.goto(f"{demo.url}/?lang=en")
    pick_five(here, BRANDS[:3])
    press(here, ["ArrowRight"] * 2, 60)
    there.goto(f"{demo.url}/?lang=en")
    expect(there.get_by_role("heading", name="Pick five brands you love.")).to_be_visible()
    again = here.context.new_page()
    again.goto(f"{demo.url}/?lang=en")
    expect(again.locator(".count")).to_have_text("Card 3 of 8")


def test_another_language_keeps_the_picks_and_the_place_in_the_deck(
    open_context: Open, demo: Demo
) -> None:
    page = open_context(locale="nl-NL").new_page()
    page.goto(demo.url)
    expect(page.get_by_role("heading", name="Kies vijf merken")).to_be_visible()
    page.get_by_role("searchbox").fill("Lego")
    page.locator(".found .brick[data-brand='Lego']").click()
    page.get_by_role("radio", name="EN", exact=True).click()
    expect(page.get_by_role("heading", name="Pick five brands you love.")).to_be_visible()
    expect(page.locator(".deal")).to_have_text("4 more to go")
    pick_five(page, BRANDS[1:])
    press(page, ["ArrowLeft"] * 3, 60)
    page.get_by_role("radio", name="NL", exact=True).click()
    expect(page.locator(".count")).to_have_text("Kaart 4 van 8")


def test_an_employee_cannot_open_the_pages_of_others_by_address(
    open_context: Open, demo: Demo
) -> None:
    page = open_context().new_page()
    for path in ("report", "workbench"):
        page.goto(f"{demo.url}/{path}?lang=en&role=employee")
        expect(page.get_by_role("heading", name="Pick five brands you love.")).to_be_visible()
        expect(page.get_by_text("Model versions")).to_have_count(0)
        expect(page.get_by_role("link", name="Report")).to_have_count(0)
    page.goto(f"{demo.url}/report?lang=en&role=pm")
    expect(page.get_by_role("link", name="Report")).to_be_visible()
    expect(page.get_by_role("link", name="Workbench")).to_have_count(0)
