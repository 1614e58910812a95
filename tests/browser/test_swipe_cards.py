"""The deck in a real browser: nothing said is lost, nothing is said twice."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Server
from tests.browser.support.gestures import (
    PRESS_AT_ONCE,
    all_saved,
    mood,
    open_deck,
    press,
    rows,
    touch,
    until,
)

pytestmark = pytest.mark.browser
ARROWS = ["ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown"]
MEANING = {
    "ArrowRight": "favourite",
    "ArrowLeft": "not_favourite",
    "ArrowUp": "super_like",
    "ArrowDown": "dont_know",
}


def said(found: list[dict[str, object]]) -> list[tuple[object, object]]:
    return [(row["position"], row["answer"]) for row in found]


@pytest.mark.parametrize("gap", [0, 60])
def test_fifty_fast_keys_are_each_stored_once(desk: Page, stage: Server, gap: int) -> None:
    deck = f"fast{gap}"
    open_deck(desk, stage, deck, 50)
    keys = [ARROWS[i % 4] for i in range(50)]
    if gap:
        press(desk, keys, gap)
    else:
        desk.evaluate(PRESS_AT_ONCE, keys)
    all_saved(desk)
    found = rows(desk, stage, deck)
    assert said(found) == [(i + 1, MEANING[key]) for i, key in enumerate(keys)]
    assert len({row["id"] for row in found}) == 50
    assert [row["tab_seq"] for row in found] == list(range(1, 51))
    assert {row["input"] for row in found} == {"key"}
    assert {row["device_class"] for row in found} == {"desk"}


def test_a_reload_in_mid_deck_goes_on_where_it_was(desk: Page, stage: Server) -> None:
    open_deck(desk, stage, "reload")
    press(desk, ["ArrowRight"] * 7)
    desk.reload()
    expect(desk.locator(".count")).to_have_text("Card 8 of 20")
    press(desk, ["ArrowLeft"] * 3)
    all_saved(desk)
    found = rows(desk, stage, "reload")
    assert [row["position"] for row in found] == list(range(1, 11))
    assert len({row["tab"] for row in found}) == 2


def test_answers_kept_offline_are_adopted_by_the_next_page_load(desk: Page, stage: Server) -> None:
    open_deck(desk, stage, "adopted")
    mood(desk, stage, "down")
    try:
        press(desk, ["ArrowRight"] * 4)
        expect(desk.locator(".saved")).to_contain_text("Offline; keep playing, we keep them.")
        desk.reload()
        expect(desk.locator(".count")).to_have_text("Card 5 of 20")
    finally:
        mood(desk, stage, "ok")
    all_saved(desk)
    assert [row["position"] for row in rows(desk, stage, "adopted")] == [1, 2, 3, 4]


def test_a_page_of_html_with_status_200_acknowledges_nothing(desk: Page, stage: Server) -> None:
    open_deck(desk, stage, "html")
    mood(desk, stage, "html")
    try:
        press(desk, ["ArrowRight"] * 2)
        expect(desk.locator(".saved")).to_have_attribute("data-state", "offline")
    finally:
        mood(desk, stage, "ok")
    all_saved(desk)
    assert said(rows(desk, stage, "html")) == [(1, "favourite"), (2, "favourite")]


def test_a_killed_server_loses_nothing_of_a_person_who_swipes_on(
    desk: Page, own_stage: Server
) -> None:
    open_deck(desk, own_stage, "killed")
    press(desk, ["ArrowRight"] * 5, 20)
    own_stage.kill()
    press(desk, ["ArrowLeft"] * 5, 20)
    expect(desk.locator(".saved")).to_have_attribute("data-state", "offline")
    own_stage.start()
    all_saved(desk)
    press(desk, ["ArrowUp"] * 2, 20)
    all_saved(desk)
    found = rows(desk, own_stage, "killed")
    assert [row["position"] for row in found] == list(range(1, 13))


def test_an_expired_token_is_renewed_and_nothing_is_lost(desk: Page, stage: Server) -> None:
    open_deck(desk, stage, "expired")
    mood(desk, stage, "expired")
    try:
        press(desk, ["ArrowRight"] * 3)
        all_saved(desk)
    finally:
        mood(desk, stage, "ok")
    assert said(rows(desk, stage, "expired")) == [(n, "favourite") for n in (1, 2, 3)]


def test_an_answer_after_the_close_is_called_late(desk: Page, stage: Server) -> None:
    open_deck(desk, stage, "late")
    mood(desk, stage, "late")
    try:
        press(desk, ["ArrowRight"])
        words = "This deck was already closed; 1 came too late to count."
        expect(desk.locator(".saved")).to_contain_text(words)
    finally:
        mood(desk, stage, "ok")


def test_two_tabs_at_once_lose_nothing_and_end_on_the_same_card(
    desk: Page, desk_context: BrowserContext, stage: Server
) -> None:
    other = desk_context.new_page()
    open_deck(desk, stage, "tabs")
    open_deck(other, stage, "tabs")
    press(desk, ["ArrowRight"] * 3)
    all_saved(desk)
    press(other, ["ArrowLeft"])
    all_saved(other)
    expect(other.locator(".count")).to_have_text("Card 4 of 20")
    other.close()
    found = rows(desk, stage, "tabs")
    assert sorted(row["position"] for row in found) == [1, 1, 2, 3]
    assert len({row["tab"] for row in found}) == 2
    desk.reload()
    expect(desk.locator(".count")).to_have_text("Card 4 of 20")


def test_an_answer_that_the_server_refuses_is_named_and_blocks_no_other(
    desk: Page, stage: Server
) -> None:
    open_deck(desk, stage, "picky")
    mood(desk, stage, "picky")
    try:
        press(desk, ["ArrowRight"] * 4)
        words = "1 not accepted. Reload the page and answer them again."
        expect(desk.locator(".saved")).to_contain_text(words)
        until(desk, lambda: len(rows(desk, stage, "picky")) == 3)
    finally:
        mood(desk, stage, "ok")
    assert [row["position"] for row in rows(desk, stage, "picky")] == [1, 3, 4]
    desk.reload()
    expect(desk.locator(".count")).to_have_text("Card 4 of 20")
    expect(desk.locator(".card[data-depth='0'] h3")).to_have_text("<script>alert(1)</script>")


def test_another_person_on_this_computer_sends_nothing_of_the_first(
    desk: Page, stage: Server
) -> None:
    open_deck(desk, stage, "shared", more="&who=ann")
    mood(desk, stage, "down")
    try:
        press(desk, ["ArrowRight"] * 2)
        expect(desk.locator(".saved")).to_have_attribute("data-state", "offline")
        desk.goto("about:blank")
    finally:
        mood(desk, stage, "ok")
    open_deck(desk, stage, "shared", more="&who=bob")
    expect(desk.locator(".count")).to_have_text("Card 1 of 20")
    assert desk.evaluate("Object.keys(localStorage).filter(k => k.startsWith('brandswipe:'))") == []


def test_undo_brings_the_card_back_and_is_a_row_of_its_own(desk: Page, stage: Server) -> None:
    open_deck(desk, stage, "undo")
    press(desk, ["ArrowRight", "ArrowLeft", "z", "Backspace", "ArrowUp"])
    all_saved(desk)
    found = rows(desk, stage, "undo")
    assert [(row["position"], row["kind"], row["answer"]) for row in found] == [
        (1, "answer", "favourite"),
        (2, "answer", "not_favourite"),
        (2, "undo", None),
        (1, "undo", None),
        (1, "answer", "super_like"),
    ]
    expect(desk.locator(".count")).to_have_text("Card 2 of 20")


def test_an_answer_is_changed_in_the_overview_before_the_result(desk: Page, stage: Server) -> None:
    open_deck(desk, stage, "change", 8)
    press(desk, ["ArrowRight"] * 8)
    row = desk.get_by_role("group", name="999 Games")
    row.get_by_role("button", name="Don't know").click()
    expect(row.get_by_role("button", name="Don't know")).to_have_attribute("aria-pressed", "true")
    desk.get_by_role("button", name="Show my result").click()
    expect(desk.get_by_text("finished change with 8 answers")).to_be_visible()
    assert said(rows(desk, stage, "change"))[-1] == (3, "dont_know")


def test_the_result_waits_until_every_answer_is_saved(desk: Page, stage: Server) -> None:
    open_deck(desk, stage, "waits", 4)
    mood(desk, stage, "down")
    try:
        press(desk, ["ArrowRight"] * 4)
        desk.get_by_role("button", name="Show my result").click()
        expect(desk.get_by_role("button", name="Waiting until 4 are saved")).to_be_visible()
        expect(desk.get_by_text("finished waits")).to_have_count(0)
    finally:
        mood(desk, stage, "ok")
    expect(desk.get_by_text("finished waits with 4 answers")).to_be_visible()


def test_a_finger_answers_with_short_flicks_and_long_drags(phone: Page, stage: Server) -> None:
    open_deck(phone, stage, "touch")
    flicks_and_drags = [
        ([(0, 0), (20, 0), (45, 2)], 15, "favourite"),
        ([(0, 0), (-20, 0), (-45, 2)], 15, "not_favourite"),
        ([(0, 0), (0, -60), (4, -130)], 150, "super_like"),
        ([(0, 0), (0, 60), (4, 130)], 150, "dont_know"),
    ]
    for i, (path, step, _) in enumerate(flicks_and_drags):
        touch(phone, path, step)
        expect(phone.locator(".count")).to_have_text(f"Card {i + 2} of 20")
    all_saved(phone)
    found = rows(phone, stage, "touch")
    assert [row["answer"] for row in found] == [answer for _, _, answer in flicks_and_drags]
    assert {row["input"] for row in found} == {"touch"}
    assert {row["device_class"] for row in found} == {"phone"}


def test_a_finger_at_the_edge_of_the_screen_goes_back_and_answers_nothing(
    open_context: Callable[..., BrowserContext], stage: Server
) -> None:
    page = open_context(280, 900, has_touch=True, is_mobile=True).new_page()
    open_deck(page, stage, "edge")
    box = page.locator(".card[data-depth='0']").bounding_box()
    assert box
    side = 30 - (box["x"] + box["width"] / 2)  # as far left of the card's middle as the edge is
    assert box["x"] < 30, "the card does not reach the edge: this test would see nothing"
    touch(page, [(side, 0), (side + 60, 0), (side + 180, 0)], 16)
    assert rows(page, stage, "edge") == []
    touch(page, [(0, 0), (60, 0), (150, 0)], 16)
    all_saved(page)
    assert [row["answer"] for row in rows(page, stage, "edge")] == ["favourite"]


def test_a_phone_answers_a_finger_with_a_tap_of_its_own_and_keys_with_none(
    phone: Page, stage: Server
) -> None:
    phone.add_init_script("navigator.vibrate = (how) => (globalThis.felt ??= []).push(how)")
    open_deck(phone, stage, "felt")
    touch(phone, [(0, 0), (60, 0), (150, 0)], 16)
    touch(phone, [(0, 0), (0, -60), (0, -150)], 16)
    press(phone, ["ArrowLeft"])
    all_saved(phone)
    assert phone.evaluate("globalThis.felt") == [12, [12, 40, 12]]


def test_a_short_slow_drag_lets_the_card_fall_back(phone: Page, stage: Server) -> None:
    open_deck(phone, stage, "back")
    touch(phone, [(0, 0), (20, 0), (40, 0), (55, 0)], 150)
    expect(phone.locator(".card.held")).to_have_count(0)
    expect(phone.locator(".count")).to_have_text("Card 1 of 20")
    assert rows(phone, stage, "back") == []


def test_a_mouse_drags_and_a_button_answers(desk: Page, stage: Server) -> None:
    open_deck(desk, stage, "mouse")
    box = desk.locator(".card[data-depth='0']").bounding_box()
    assert box
    x, y = box["x"] + 100, box["y"] + 100
    desk.mouse.move(x, y)
    desk.mouse.down()
    desk.mouse.move(x - 160, y + 10, steps=4)
    desk.mouse.up()
    desk.get_by_role("button", name="Super like").click()
    all_saved(desk)
    found = rows(desk, stage, "mouse")
    assert [(row["answer"], row["input"]) for row in found] == [
        ("not_favourite", "mouse"),
        ("super_like", "button"),
    ]
