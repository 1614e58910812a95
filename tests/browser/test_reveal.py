"""After the last card, on the real app: reasons are kept, the row opens, the sky rolls, a link."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Demo
from tests.browser.support.gestures import all_saved, press, until
from tests.browser.support.visits import (
    BRANDS,
    ask,
    cards_of,
    decks_of,
    live_as,
    pick_five,
    show_result,
    top_card,
)
from tests.browser.test_accessibility import in_both_themes

pytestmark = pytest.mark.browser
Open = Callable[..., BrowserContext]
KEPT, SOMEBODY_S = "brandswipe.named", '{"owner": "somebody else", "brands": ["Lego"]}'
GALAXY = "Your brands, in a galaxy far away"


def reveal_of(page: Page, demo: Demo, life: str) -> str:
    """Refuse every card of a persona's deck, and turn it over; return its id."""
    live_as(page, demo.url, life)
    press(page, ["ArrowLeft"] * 20, 30)
    all_saved(page)
    show_result(page)
    expect(page.locator(".table > li.turned")).to_have_count(20)
    return decks_of(demo, "persona")[-1]


def kept(demo: Demo, deck: str) -> list[tuple[int, str]]:
    """Every row of reasons of a deck, as they came."""
    return ask(demo, "select position, reason from refusals where deck = ? order by id", deck)


def test_a_refused_pick_is_given_a_reason_that_can_be_changed_and_taken_back(
    open_context: Open, demo: Demo
) -> None:
    page = open_context(390, 844, is_mobile=True, has_touch=True).new_page()
    deck = reveal_of(page, demo, "noor")
    picks = {
        card["position"]: card["brand"] for card in cards_of(demo, deck) if "pick" in card["arms"]
    }
    asks = page.locator(".ask")
    expect(asks).to_have_count(len(picks))
    places = [int(str(asks.nth(n).get_attribute("data-position"))) for n in range(10)]
    assert set(places) == set(picks)
    for n in range(5):  # as fast as fingers go: none is lost
        asks.nth(n).locator(".chip").nth(n).tap()
    expect(page.locator(".stands:not(:empty)")).to_have_count(5)
    five = ["gift", "once", "used_to", "shared", "bad"]
    assert sorted(kept(demo, deck)) == sorted(zip(places[:5], five, strict=True))
    asks.nth(0).get_by_role("button", name="Bad experience").tap()
    asks.nth(1).get_by_role("button", name="Needed it once").tap()
    expect(asks.nth(1).locator(".stands")).to_be_empty()
    expect(page.locator(".reveal .announce")).to_have_text(f"{picks[places[1]]}: Taken back.")
    expect(asks.nth(0).locator(".stands")).not_to_be_empty()
    assert sorted(kept(demo, deck)[5:]) == sorted([(places[0], "bad"), (places[1], "taken_back")])
    page.reload()
    pressed = page.locator(".chip[aria-pressed=true]")
    expect(pressed).to_have_text(
        ["Bad experience", "I used to", "Somebody else here", "Bad experience"]
    )
    page.add_style_tag(content="html { font-size: 32px !important }")
    expect(page.locator(".pass_on textarea").first).to_be_attached()
    page.wait_for_timeout(300)
    width = "document.querySelector('[data-testid=stMain]').scrollWidth"
    until(page, lambda: page.evaluate(width) <= 390)


def test_reasons_are_given_by_keyboard_and_heard(open_context: Open, demo: Demo) -> None:
    page = open_context(reduced_motion="reduce").new_page()
    deck = reveal_of(page, demo, "henk")
    expect(page.locator(".headline")).to_be_focused()
    page.keyboard.press("Tab")
    brand = page.locator(".wide strong").first.inner_text()
    group = page.get_by_role("group", name=f"Why is {brand} not your favourite?")
    first = group.get_by_role("button", name="A gift", exact=True)
    expect(first).to_be_focused()
    page.keyboard.press("Space")
    expect(first).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".reveal .announce")).to_have_text(
        f"{brand}: A gift. Kept, apart from your answers."
    )
    expect(first).to_be_focused()  # the cards are not drawn anew under her hands
    page.keyboard.press("Enter")
    expect(page.locator(".reveal .announce")).to_have_text(f"{brand}: Taken back.")
    expect(first).to_have_attribute("aria-pressed", "false")
    assert [reason for _, reason in kept(demo, deck)] == ["gift", "taken_back"]


def test_a_brand_of_her_row_opens_and_the_sky_rolls_when_she_asks_for_it(
    open_context: Open, demo: Demo
) -> None:
    page = open_context(bypass_csp=True).new_page()
    reveal_of(page, demo, "daan")
    row = page.locator(".carousel button")
    expect(row).to_have_count(10)
    names = row.locator("strong").all_inner_texts()
    row.nth(1).click()
    expect(page.get_by_role("heading", name="Popular", exact=True)).to_be_visible()
    expect(row.nth(1)).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".crawl")).to_have_count(0)
    page.get_by_role("button", name=GALAXY).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Skip")).to_be_focused()
    told = page.locator(".crawl .text b")
    expect(told).to_have_text(names)
    page.emulate_media(reduced_motion="reduce")
    found: dict[str, list[str]] = {}
    in_both_themes(page, found, "sky")
    assert found == {"sky, light": [], "sky, dark": []}
    page.keyboard.press("Escape")
    expect(page.locator(".crawl")).to_have_count(0)
    expect(page.get_by_role("button", name=GALAXY)).to_be_visible()
    expect(row.nth(1)).to_have_attribute("aria-pressed", "true")


def test_the_link_is_copied_without_a_name_where_nothing_is_secure(
    open_context: Open, demo: Demo
) -> None:
    context = open_context(permissions=["clipboard-read"])
    context.add_init_script("navigator.clipboard.writeText = undefined")
    page = context.new_page()
    reveal_of(page, demo, "samira")
    for button, words in (
        ("Copy: The link", ""),
        ("Copy: Nederlands", "Twee minuten, twintig merken"),
    ):
        page.get_by_role("button", name=button).click()
        expect(page.locator(".pass_on .told")).to_have_text("Copied")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith(words)
        assert copied.endswith(f"{demo.url}/")
        assert "samira" not in copied


def test_a_guest_s_reasons_outlive_a_reload_in_her_tab_and_in_no_other(
    open_context: Open, demo: Demo
) -> None:
    page = open_context().new_page()
    page.goto(f"{demo.url}/?lang=en")
    pick_five(page, BRANDS[:3])
    page.get_by_role("link", name="My brands").click()
    expect(page.get_by_text("Play your deck first")).to_be_visible()
    expect(page.locator(".carousel")).to_have_count(0)
    page.get_by_role("link", name="To my deck").click()
    top_card(page)
    press(page, ["ArrowRight"] * 8, 30)
    all_saved(page)
    page.reload()  # what she named is in no row of the server's, and not in this session
    show_result(page)
    why = page.locator("li.pick .why")
    expect(why).to_have_count(4)
    page.reload()
    expect(why).to_have_count(4)
    expect(page.locator(".carousel button").first).to_be_visible()
    other = page.context.new_page()
    other.goto(f"{demo.url}/?lang=en")
    expect(other.locator("li.pick.turned")).to_have_count(4)
    expect(other.locator("li.pick .why")).to_have_count(0)
    expect(other.locator(".carousel")).to_have_count(0)
    other.evaluate(f"sessionStorage.setItem('{KEPT}', '{SOMEBODY_S}')")
    other.reload()
    expect(other.locator("li.pick.turned")).to_have_count(4)
    other.wait_for_function(f"sessionStorage.getItem('{KEPT}') === null")
    expect(other.locator("li.pick .why")).to_have_count(0)
