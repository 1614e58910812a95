"""Nobody is kept out: axe-core, the keyboard alone, large letters, no motion, few colours."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Demo, Server
from tests.browser.support.axe import violations
from tests.browser.support.gestures import all_saved, press, remains, until
from tests.browser.support.visits import BRANDS, pick_five, show_result

pytestmark = pytest.mark.browser
Open = Callable[..., BrowserContext]

# Every element of the page, those of our components within their shadows too.
WITHIN = """root => {
    const found = []
    const walk = node => {
        for (const e of node.querySelectorAll("*")) {
            found.push(e)
            if (e.shadowRoot) walk(e.shadowRoot)
        }
    }
    walk(document)
    return found
}"""
IN_SIGHT = """() => {
    let e = document.activeElement
    while (e.shadowRoot?.activeElement) e = e.shadowRoot.activeElement
    const [box, row] = [e, e.closest(".row")].map(a => a.getBoundingClientRect())
    return box.left >= row.left - 1 && box.right <= row.right + 1
}"""
HELD = """() => {
    let held = document.activeElement
    while (held.shadowRoot?.activeElement) held = held.shadowRoot.activeElement
    const style = getComputedStyle(held)
    const ring = held.matches(":focus-visible") && (
        (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2)
        || style.boxShadow !== "none")
    const name = held.dataset.brand || held.ariaLabel || held.placeholder || held.innerText
    return [held.className, (name || "").trim(), ring]
}"""
RUNNING = f"""() => ({WITHIN})().flatMap(e => e.getAnimations())
    .filter(a => a.playState === "running")
    .map(a => (a.animationName ?? a.transitionProperty) + " " + a.effect.target.className)"""
BARE = f"""selector => ({WITHIN})().filter(e => e.matches(selector) && e.checkVisibility())
  .map(e => [e.className || e.tagName, getComputedStyle(e)])
  .filter(([, style]) => style.borderTopStyle === "none" || parseFloat(style.borderTopWidth) < 1
      || style.borderTopColor === style.backgroundColor).map(([name]) => name)"""
LINES = """card => {
    const room = card.querySelector(".products").getBoundingClientRect()
    const lines = [...card.querySelectorAll(".products li")].map(e => e.getBoundingClientRect())
    const seen = lines.filter(r => r.left < room.right && r.top < room.bottom)
    const cut = seen.filter(r => r.top < room.top - 1 || r.bottom > room.bottom + 1)
    return [seen.length, cut.length]
}"""


def through_the_game(page: Page, demo: Demo, look: Callable[[str], None]) -> None:
    """Play a taster deck and call `look` at every page of it."""
    page.goto(f"{demo.url}/?lang=en")
    page.locator(".brick").first.wait_for()
    look("wall")
    pick_five(page, BRANDS[:3])
    look("swipe")
    press(page, ["?"])
    look("question")
    press(page, ["Escape"])
    while page.locator(".overview").is_hidden():
        press(page, ["ArrowRight", "ArrowLeft"])
    look("overview")
    all_saved(page)
    show_result(page)
    expect(page.locator(".turned").last).to_be_visible()
    look("reveal")
    go_to(page, "My brands")
    page.locator(".carousel button").first.wait_for()
    look("carousel")


def go_to(page: Page, name: str) -> None:
    """Go to a page by the navigation, which stands behind a button where there is little room."""
    link, menu = page.get_by_role("link", name=name), page.get_by_test_id("stExpandSidebarButton")
    expect(link.or_(menu).first).to_be_visible()
    if menu.is_visible():
        menu.click()
    link.click()
    close_sidebar(page)


def close_sidebar(page: Page) -> None:
    """Put away what lies over the page of a small screen."""
    button = page.get_by_test_id("stSidebarCollapseButton").get_by_role("button")
    if page.get_by_test_id("stExpandSidebarButton").is_hidden() and button.count():
        button.click()
        expect(page.locator("[data-testid=stSidebar][data-collapsed=true]")).to_be_attached()


def at_rest(page: Page) -> None:
    """Wait for what moves once: a turned card, a page that fades in."""
    page.wait_for_function(
        f"""() => ({WITHIN})().flatMap(e => e.getAnimations()).every(a =>
            a.effect.getComputedTiming().iterations === Infinity || a.playState !== "running")"""
    )


def in_both_themes(page: Page, found: dict[str, list[str]], name: str) -> None:
    """Let axe read a page in light and in dark."""
    for scheme, paper in (("light", "rgb(251, 247, 240)"), ("dark", "rgb(21, 19, 31)")):
        page.emulate_media(color_scheme=scheme)
        expect(page.locator(".stApp")).to_have_css("background-color", paper)
        at_rest(page)
        found[f"{name}, {scheme}"] = remains(page, lambda: violations(page))


def test_axe_finds_nothing_on_any_page_in_either_theme(open_context: Open, demo: Demo) -> None:
    page = open_context(bypass_csp=True).new_page()
    found: dict[str, list[str]] = {}
    through_the_game(page, demo, lambda name: in_both_themes(page, found, name))
    go_to(page, "My data")
    page.get_by_role("button", name="Forget me").click()
    expect(page.get_by_role("button", name="No, keep it")).to_be_visible()
    in_both_themes(page, found, "my data")
    page.goto(f"{demo.url}/?lang=en&as=daan")
    expect(page.get_by_role("button", name="Yes, read it and deal my cards")).to_be_visible()
    page.locator(".practice .card").wait_for()
    in_both_themes(page, found, "welcome")
    page.goto(f"{demo.url}/report?role=pm&lang=en")
    expect(page.get_by_test_id("stTable").last).to_be_attached()
    expect(page.locator("[data-testid=stVegaLiteChart] svg").last).to_be_attached()
    in_both_themes(page, found, "report")
    page.goto(f"{demo.url}/workbench?role=ds&lang=en")
    expect(page.get_by_role("button", name="Fit", exact=True)).to_be_visible()
    in_both_themes(page, found, "workbench")
    assert len(found) == 20
    assert {name: said for name, said in found.items() if said} == {}


@pytest.mark.parametrize("scene", ["notice", "crawl"])
def test_axe_finds_nothing_where_there_are_no_cards_yet(
    open_context: Open, stage: Server, scene: str
) -> None:
    page = open_context(390, 844, bypass_csp=True, reduced_motion="reduce").new_page()
    found: dict[str, list[str]] = {}
    page.goto(f"{stage.url}/?scene={scene}")
    page.get_by_role(
        "button", name="Pick brands instead" if scene == "notice" else "Skip"
    ).wait_for()
    in_both_themes(page, found, scene)
    assert found == {f"{scene}, light": [], f"{scene}, dark": []}


def test_axe_sees_what_is_wrong(open_context: Open) -> None:
    page = open_context().new_page()
    page.set_content("<html lang=en><title>t</title><button></button><div id=host></div>")
    page.evaluate(
        "document.querySelector('#host').attachShadow({mode: 'open'}).innerHTML = "
        "'<p style=\"color: #999; background: #fff\">too pale</p>'"
    )
    rules = [said.split(" at ")[0] for said in violations(page)]
    assert sorted(rules) == ["button-name", "color-contrast"]


def held(page: Page) -> tuple[str, str]:
    """Class and name of what has the focus, which must be seen."""
    where, name, ring = page.evaluate(HELD)
    assert ring, f"the focus on {where or name} is not seen"
    return where, name


def tab_to(page: Page, name: str) -> None:
    """Press Tab until something of this name has the focus."""
    passed = []
    for _ in range(40):
        page.keyboard.press("Tab")
        passed.append(held(page))
        if passed[-1][1].startswith(name):
            return
    raise AssertionError(f"Tab does not reach {name}: {passed}")


def test_a_taster_is_played_by_keyboard_alone_from_the_wall_to_the_reveal(
    open_context: Open, demo: Demo
) -> None:
    page = open_context().new_page()
    page.goto(f"{demo.url}/?lang=en")
    page.locator(".brick").first.wait_for()
    tab_to(page, "Search a brand")
    for brand in BRANDS[:2]:
        page.keyboard.type(brand.lower())
        tab_to(page, brand)
        page.keyboard.press("Enter")  # the field is ready for the next name
        expect(page.get_by_role("button", name=f"Take {brand} back")).to_be_visible()
    tab_to(page, "Lego")
    for key in ("ArrowDown", "ArrowRight", "ArrowDown"):  # every other row drifts the other way
        press(page, [key])
        assert page.evaluate(IN_SIGHT), f"after {key} the brick with the focus is out of sight"
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")
    assert held(page)[1] == "That's all I love here"
    page.keyboard.press("Enter")
    expect(page.locator(".stage")).to_be_focused()
    assert held(page)[0] == "stage"
    press(page, ["ArrowRight", "ArrowLeft", "ArrowUp", "z", "ArrowUp"])
    expect(page.locator(".count")).to_have_text("Card 4 of 8")
    tab_to(page, "Don't know")
    page.keyboard.press("Enter")
    tab_to(page, "Undo")
    press(page, ["ArrowRight"] * 4)
    expect(page.get_by_role("heading", name="These are your answers")).to_be_focused()
    tab_to(page, "Show my result")
    all_saved(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="We guessed")).to_be_focused()
    expect(page.get_by_role("button", name="Pick other brands")).to_be_visible()
    tab_to(page, "Pick other brands")


def test_the_page_of_cards_is_read_in_its_order(open_context: Open, demo: Demo) -> None:
    page = open_context().new_page()
    page.goto(f"{demo.url}/?lang=en")
    pick_five(page, BRANDS[:3])
    expect(page.get_by_role("main")).to_match_aria_snapshot(
        """
        - main:
          - progressbar "Cards answered"
          - paragraph: Card 1 of 8
          - paragraph: All saved.
          - paragraph: "Taster: this deck does not count."
          - button "What is a favourite?"
          - group "The card on top":
            - article:
              - heading /.+/ [level=3]
              - paragraph: /.+/
              - list
          - group "Your answer":
            - button "Not my favourite"
            - button "Don't know"
            - button "Super like"
            - button "Favourite"
          - button "Undo" [disabled]
          - status: /.+, .+\\. Card 1 of 8\\./
        """
    )
    assert page.get_by_role("article").count() == 1  # the cards behind are for the eye alone


def test_an_answered_card_stays_answered_when_the_evening_turns_the_page_dark(
    open_context: Open, demo: Demo
) -> None:
    page = open_context().new_page()
    page.goto(f"{demo.url}/?lang=en")
    pick_five(page, BRANDS[:3])
    press(page, ["ArrowRight"] * 3)
    all_saved(page)
    page.emulate_media(color_scheme="dark")
    expect(page.locator(".stApp")).to_have_css("background-color", "rgb(21, 19, 31)")
    page.wait_for_timeout(500)
    assert page.locator(".count").inner_text() == "Card 4 of 8"


def test_the_language_lets_go_of_the_arrow_keys_but_not_of_who_goes_by_the_keyboard(
    open_context: Open, demo: Demo
) -> None:
    page = open_context().new_page()
    page.goto(f"{demo.url}/?lang=en")
    pick_five(page, BRANDS[:3])
    page.get_by_role("radio", name="NL").click()
    expect(page.get_by_role("button", name="Superlike")).to_be_visible()
    expect(page.locator(".stage")).to_be_focused()
    press(page, ["ArrowRight"])
    expect(page.locator(".count")).to_have_text("Kaart 2 van 8")
    expect(page.locator(".announce")).to_contain_text("Kaart 2 van 8")
    page.get_by_role("button", name="Superlike").click()
    expect(page.locator(".count")).to_have_text("Kaart 3 van 8")
    tab_to(page, "NL")
    press(page, ["ArrowLeft", "Space"])
    expect(page.locator(".count")).to_have_text("Card 3 of 8")
    expect(page.locator(".announce")).to_contain_text("Card 3 of 8")
    expect(page.get_by_role("radio", name="EN", exact=True)).to_be_focused()


def test_the_last_screen_is_read_in_the_language_that_was_chosen(
    open_context: Open, demo: Demo
) -> None:
    page = open_context().new_page()
    page.goto(f"{demo.url}/?lang=en")
    pick_five(page, BRANDS[:3])
    page.wait_for_timeout(500)  # the last screen is made ahead
    page.get_by_role("radio", name="NL").click()
    expect(page.locator(".count")).to_have_text("Kaart 1 van 8")
    press(page, ["ArrowRight"] * 8)
    choices = page.locator(".overview .choices button[data-answer=not_favourite]")
    expect(choices).to_have_count(8)
    names = {choice.get_attribute("aria-label") for choice in choices.all()}
    assert names == {"Niet mijn favoriet"}


def test_without_motion_and_in_forced_colours_all_stands_still_and_has_an_edge(
    open_context: Open, demo: Demo
) -> None:
    page = open_context(reduced_motion="reduce", forced_colors="active").new_page()
    wrong: dict[str, list[str]] = {}
    edged = (
        ".brick, .shelf button, .bar button, .bar input, .game button, .game .body, .back,"
        ".game .rows li, .carousel button"
    )

    def look(name: str) -> None:
        wrong[name] = page.evaluate(RUNNING) + page.evaluate(BARE, edged)

    through_the_game(page, demo, look)
    assert len(wrong) == 6
    assert {name: what for name, what in wrong.items() if what} == {}


@pytest.mark.parametrize("height", [650, 800, 1000])
def test_a_card_shows_whole_lines_only(open_context: Open, demo: Demo, height: int) -> None:
    page = open_context(1280, height).new_page()
    page.goto(f"{demo.url}/?lang=en")
    pick_five(page, BRANDS[:3])

    def whole() -> bool:
        seen, cut = page.locator(".card[data-depth='0']").evaluate(LINES)
        return cut == 0 and (seen == 3 or height < 1000)

    page.wait_for_timeout(450)  # the card takes the room that is left
    until(page, whole)
