"""What every component keeps: names stay text, no foreign request, no error, room for everybody."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Server
from tests.browser.support.gestures import open_deck, press, rows, until

pytestmark = pytest.mark.browser
SCENES = {
    "swipe": ".card[data-depth='0']",
    "wall": ".brick",
    "reveal": ".turned",
    "crawl": ".rolling, .text",
}
WIDEST = """Math.max(document.scrollingElement.scrollWidth,
    document.querySelector('[data-testid=stMain]').scrollWidth)"""
EVIL = "<script>alert(1)</script>"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_error_and_no_request_leaves_the_origin(
    open_context: Callable[..., BrowserContext], stage: Server, scheme: str
) -> None:
    page = open_context(color_scheme=scheme).new_page()
    complaints: list[str] = []
    asked: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    for scene, mark in SCENES.items():
        page.goto(f"{stage.url}/?scene={scene}&deck=calm-{scheme}")
        page.locator(mark).first.wait_for()
    assert complaints == []
    assert [url for url in asked if not url.startswith((stage.url, "blob:", "data:"))] == []
    assert any("bricolage" in url for url in asked)
    assert any("inter-latin" in url for url in asked)


def test_a_brand_called_script_is_shown_as_text(desk: Page, stage: Server) -> None:
    dialogs: list[str] = []
    desk.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    open_deck(desk, stage, "evil", 4)
    press(desk, ["ArrowRight"])
    expect(desk.locator(".card[data-depth='0'] h3")).to_have_text(EVIL)
    press(desk, ["ArrowRight"] * 3)
    expect(desk.locator(".rows strong").nth(1)).to_have_text(EVIL)
    for scene in ("wall", "reveal"):
        desk.goto(f"{stage.url}/?scene={scene}")
        expect(desk.get_by_text(EVIL).first).to_be_attached()
    assert dialogs == []
    assert desk.locator("script:text('alert')").count() == 0


def test_a_whole_deck_is_played_by_keyboard_alone(desk: Page, stage: Server) -> None:
    open_deck(desk, stage, "keys", 4)
    press(desk, ["?"])
    expect(desk.get_by_text("A favourite is a brand you would choose")).to_be_visible()
    press(desk, ["Escape"])
    expect(desk.get_by_text("A favourite is a brand you would choose")).to_be_hidden()
    press(desk, ["ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown"])
    expect(desk.get_by_role("heading", name="These are your answers")).to_be_focused()
    press(desk, ["Tab", "Enter"])
    first = desk.get_by_role("group", name="Lego").get_by_role("button", name="Not my favourite")
    expect(first).to_have_attribute("aria-pressed", "true")
    press(desk, ["Tab"] * 16)
    expect(desk.get_by_role("button", name="Show my result")).to_be_focused()
    press(desk, ["Enter"])
    expect(desk.get_by_text("finished keys with 4 answers")).to_be_visible()
    assert len(rows(desk, stage, "keys")) == 5


def test_the_card_is_said_aloud_and_the_deck_says_all_saved(desk: Page, stage: Server) -> None:
    open_deck(desk, stage, "aloud", more="&lang=nl")
    expect(desk.locator(".saved")).to_have_text("Alles bewaard.")
    aloud = desk.locator(".announce")
    expect(aloud).to_have_text("Lego, Toys. Kaart 1 van 20.")
    press(desk, ["ArrowRight", "ArrowRight"])
    expect(aloud).to_have_text("999 Games, Games. Kaart 3 van 20.")
    expect(desk.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "2")


@pytest.mark.parametrize(("width", "size"), [(320, 16), (390, 32)], ids=["320 px", "text 200%"])
def test_nothing_overflows(
    open_context: Callable[..., BrowserContext], stage: Server, width: int, size: int
) -> None:
    page = open_context(width, 844, has_touch=True, is_mobile=True).new_page()
    for scene in ("swipe", "wall", "reveal"):
        page.goto(f"{stage.url}/?scene={scene}&deck=narrow-{size}&n=20")
        page.locator(SCENES[scene]).first.wait_for()
        page.add_style_tag(content=f"html {{ font-size: {size}px !important }}")
        page.wait_for_timeout(150)
        until(page, lambda: page.evaluate(WIDEST) <= width)


def test_every_button_is_at_least_48_px(phone: Page, stage: Server) -> None:
    open_deck(phone, stage, "thumbs", 4)
    boxes = [button.bounding_box() for button in phone.locator(".game button:visible").all()]
    assert len(boxes) >= 6
    for answer in ("Favourite", "Don't know", "Super like", "Not my favourite"):
        phone.get_by_role("button", name=answer, exact=True).click()
    boxes += [button.bounding_box() for button in phone.locator(".overview button:visible").all()]
    assert len(boxes) >= 6 + 17
    assert all(box and min(box["width"], box["height"]) >= 47.9 for box in boxes), boxes


def test_every_button_is_on_the_first_screen(phone: Page, desk: Page, stage: Server) -> None:
    for page, height in ((phone, 844), (desk, 800)):
        open_deck(page, stage, f"first-{height}", more="&note=Practice: this deck does not count.")
        page.wait_for_timeout(600)
        until(page, lambda page=page, height=height: has_room(page, height))


def has_room(page: Page, height: int) -> bool:
    """The last button is on the screen, and the card is still a card."""
    undo = page.get_by_role("button", name="Undo").bounding_box()
    card = page.locator(".card[data-depth='0']").bounding_box()
    assert undo
    assert card
    shape = card["height"] / card["width"]
    return undo["y"] + undo["height"] <= height and shape == pytest.approx(4 / 3, rel=0.02)


def test_without_motion_a_card_is_gone_at_once(
    open_context: Callable[..., BrowserContext], stage: Server
) -> None:
    page = open_context(reduced_motion="reduce").new_page()
    open_deck(page, stage, "still")
    press(page, ["ArrowRight"])
    assert page.locator(".card.gone").count() == 0
    page.goto(f"{stage.url}/?scene=wall")
    page.locator(".belt").first.wait_for()
    assert page.locator(".belt").first.evaluate("e => getComputedStyle(e).animationName") == "none"


def test_five_brands_are_picked_from_the_wall(desk: Page, stage: Server) -> None:
    desk.goto(f"{stage.url}/?scene=wall&n=60")
    field = desk.get_by_role("searchbox", name="Search a brand")
    names = ["Lego", "Nike", "Fjallraven", "Rituals", "Bose"]
    for i, name in enumerate(names):
        expect(desk.get_by_role("button", name=f"{5 - i} more to go")).to_be_disabled()
        field.fill(name)
        desk.locator(".found .brick").first.click()
    desk.get_by_role("button", name="Take Nike back").click()
    expect(desk.get_by_role("button", name="That's all I love here")).to_be_enabled()
    desk.locator(".drift .brick[tabindex='0']").focus()
    press(desk, ["ArrowDown", "ArrowDown", "Enter"])
    desk.get_by_role("button", name="Deal my cards").click()
    expect(
        desk.get_by_text("picked Lego + Fjällräven + Rituals + Bose + 999 Games")
    ).to_be_visible()


def test_the_cards_turn_over_and_say_who_proposed_them(desk: Page, stage: Server) -> None:
    desk.goto(f"{stage.url}/?scene=reveal&n=4&lang=nl")
    expect(desk.get_by_text("Wij raadden er 8 van jouw 10.")).to_be_visible()
    expect(desk.locator(".table > li.turned")).to_have_count(4)
    decoy = desk.locator(".table li.decoy")
    for words in ("Een lokmerk", EVIL, "Jij ontmaskerde het.", "Niet mijn favoriet"):
        expect(decoy).to_contain_text(words)


def test_the_crawl_rolls_and_is_skipped(desk: Page, stage: Server) -> None:
    desk.goto(f"{stage.url}/?scene=crawl")
    expect(desk.get_by_text("A long, long shopping list ago")).to_be_attached()
    desk.wait_for_timeout(400)
    expect(desk.get_by_text("the story is over")).to_have_count(0)
    desk.get_by_role("button", name="Skip").click()
    expect(desk.get_by_text("the story is over")).to_be_visible()
