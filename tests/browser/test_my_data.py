"""My data in the browser: a file made there, and a person who is forgotten."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import Demo
from tests.browser.support.gestures import all_saved, press
from tests.browser.support.visits import Ear, ask, pick_five

pytestmark = pytest.mark.browser


def test_she_takes_her_data_along_and_is_forgotten(
    open_context: Callable[..., BrowserContext], demo: Demo
) -> None:
    context = open_context()
    ear, page = Ear(context), context.new_page()
    page.goto(f"{demo.url}/?lang=en")
    pick_five(page)
    press(page, ["ArrowRight", "ArrowLeft", "ArrowUp"])
    all_saved(page)
    ((deck, participant),) = ask(
        demo, "select id, participant from decks order by seq desc limit 1"
    )
    page.get_by_role("link", name="My data").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save everything as a file").click()
    told = json.loads(saved.value.path().read_text("utf-8"))
    assert saved.value.suggested_filename == "brandswipe.json"
    assert [card["answer"] for card in told["decks"][0]["cards"]] == [
        "favourite", "not_favourite", "super_like", *[None] * 5,
    ]  # fmt: skip
    assert deck not in json.dumps(told)

    page.get_by_role("button", name="Forget me").click()
    page.get_by_role("button", name="Yes, forget me").click()
    expect(page.get_by_text("You are forgotten.")).to_be_visible()
    assert ask(demo, "select * from decks where participant = ?", participant) == []
    assert ask(demo, "select * from swipes where deck = ?", deck) == []
    page.get_by_role("link", name="Play").click()
    expect(page.get_by_role("heading", name="Pick five brands you love.")).to_be_visible()
    assert (ear.hosts, ear.complaints) == ({"127.0.0.1"}, [])
