"""The game on the real app: every answer once, through everything; and nothing told too early."""

import base64
import json
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.modeling.recommender import load_recommender
from app.presentation.i18n import section_texts
from app.workspace.settings import Settings
from app.workspace.workspace import Workspace
from tests.browser.conftest import Demo
from tests.browser.support.gestures import all_saved, press, touch
from tests.browser.support.visits import (
    FACE,
    Ear,
    answers_of,
    ask,
    cards_of,
    decks_of,
    live_as,
    pick_five,
    show_result,
    values,
    words_of,
)

pytestmark = pytest.mark.browser
Open = Callable[..., BrowserContext]
RIGHT = [(x, 0) for x in (0, 30, 80, 150)]
TELLING = {
    "arm", "arms", "pick", "picks", "decoy", "decoys", "baseline", "stratum", "strata", "unique",
    "far", "near", "spare", "partner", "step", "known", "popularity", "score", "rank", "seed",
    "hash", "model", "tone", "right", "why",
}  # fmt: skip
SWIPE_DATA = {"deck", "token", "api", "namespace", "faces", "standing", "note", "texts"}


def play_as(page: Page, demo: Demo, name: str) -> str:
    """Open a persona's deck and return its id."""
    live_as(page, demo.url, name)
    return decks_of(demo, "persona")[-1]


def test_a_full_deck_by_touch_is_stored_once_a_card(open_context: Open, demo: Demo) -> None:
    context = open_context(390, 844, has_touch=True, is_mobile=True)
    ear, page = Ear(context), context.new_page()
    deck = play_as(page, demo, "noor")
    for n in range(1, 21):
        expect(page.locator(".count")).to_have_text(f"Card {n} of 20")
        touch(page, RIGHT, 15)
    all_saved(page)
    assert answers_of(demo, deck) == [(n, "favourite") for n in range(1, 21)]
    show_result(page)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == 0
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    assert (ear.hosts, ear.complaints) == ({"127.0.0.1"}, [])


def test_a_full_deck_by_keys_is_stored_once_and_a_persona_plays_again(
    open_context: Open, demo: Demo
) -> None:
    page = open_context().new_page()
    deck = play_as(page, demo, "samira")
    press(page, ["ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown"] * 5)
    all_saved(page)
    four = ["favourite", "not_favourite", "super_like", "dont_know"]
    assert answers_of(demo, deck) == [(n + 1, four[n % 4]) for n in range(20)]
    show_result(page)
    page.get_by_role("link", name="My brands").click()
    expect(page.get_by_role("heading", name="Your favourite brands")).to_be_visible()
    expect(page.get_by_role("heading", name="Popular", exact=True)).to_be_visible()
    page.get_by_role("link", name="Play").click()
    page.get_by_role("button", name="Play again as Samira").click()
    expect(page.locator(".count")).to_have_text("Card 1 of 20")
    page.get_by_role("button", name="Be yourself again").click()
    expect(page.get_by_role("heading", name="Pick five brands you love.")).to_be_visible()


def test_a_killed_server_and_a_reload_in_mid_deck_lose_and_double_nothing(
    open_context: Open, own_demo: Demo
) -> None:
    page = open_context().new_page()
    deck = play_as(page, own_demo, "henk")
    press(page, ["ArrowRight"] * 6, 30)
    own_demo.kill()
    press(page, ["ArrowLeft"] * 5, 30)
    expect(page.locator(".saved")).to_have_attribute("data-state", "offline")
    own_demo.start()
    all_saved(page)
    page.reload()
    expect(page.locator(".count")).to_have_text("Card 12 of 20")
    press(page, ["ArrowUp"] * 9, 30)
    all_saved(page)
    wanted = ["favourite"] * 6 + ["not_favourite"] * 5 + ["super_like"] * 9
    assert answers_of(own_demo, deck) == list(enumerate(wanted, 1))
    show_result(page)
    assert ask(own_demo, "select deck, number, by from closings where deck = ?", deck) == [
        (deck, 1, "player")
    ]


def told(ear: Ear) -> set[str]:
    """The words that tell an arm, as keys or values of anything the browser got."""
    ours = set(section_texts("en", "swipe").values())
    heard: set[str] = set()
    for message in ear.messages():
        for value in values(message):
            heard |= set(words_of(value)) - ours
    for _, body in ear.bodies():
        if body[:1] in (b"{", b"["):
            heard |= set(words_of(json.loads(body)))
    return {word for word in heard if word.lower() in TELLING}


def shapes(secret: str) -> list[bytes]:
    """A secret as it may look in bytes: as text, as number, as bytes, and each in base64."""
    number = int(secret, 16)
    plain = [
        secret.encode(),
        str(number).encode(),
        bytes.fromhex(secret.zfill(len(secret) // 2 * 2)),
    ]
    coded = []
    for one in plain:
        for shift in range(3):  # wherever it begins in what is coded, its inner signs are these
            whole = base64.b64encode(b"\0" * shift + one).rstrip(b"=")
            coded.append(whole[(8 * shift + 5) // 6 + 1 : -2])
    return plain + coded


def bytes_of(ear: Ear) -> bytes:
    return b"\n".join([*ear.frames, *(body for _, body in ear.bodies())])


def secrets_in(heard: bytes, secrets: Sequence[str]) -> list[str]:
    """The secrets that were heard: as they are, or in either alphabet of base64."""
    said = (heard, heard.replace(b"-", b"+").replace(b"_", b"/"))
    return [s for s in secrets if any(shape in each for shape in shapes(s) for each in said)]


def token_says(token: str) -> Any:
    """What a deck token says to whoever decodes it: it is signed, not sealed."""
    packed = token.startswith(".")
    payload = token.removeprefix(".").split(".")[0]
    said = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    return json.loads(zlib.decompress(said) if packed else said)


@pytest.mark.parametrize("life", ["", "samira"])
def test_nothing_that_tells_an_arm_reaches_the_browser_before_the_deck_is_closed(
    open_context: Open, demo: Demo, built: Path, life: str
) -> None:
    context = open_context()
    ear, page = Ear(context), context.new_page()
    if life:
        live_as(page, demo.url, life)
    else:
        page.goto(f"{demo.url}/?lang=en")
        pick_five(page)
    (deck,) = ask(
        demo,
        "select id, seed, hash, model, study, participant from decks order by seq desc limit 1",
    )
    name, seed, hash, model, study, participant = deck
    cards = cards_of(demo, name)
    press(page, ["ArrowRight", "ArrowLeft"] * (len(cards) // 2), 20)
    page.locator(".finish").wait_for()
    all_saved(page)

    assert told(ear) == set()
    assert secrets_in(bytes_of(ear), [seed, hash, model, study]) == []
    given = ear.data("brandswipe_swipe")
    assert {frozenset(data) for data in given} == {frozenset(SWIPE_DATA)}
    assert {json.dumps(data["texts"], sort_keys=True) for data in given} == {
        json.dumps(section_texts("en", "swipe"), sort_keys=True)
    }
    for data in given:
        assert token_says(data["token"])[:2] == [participant, name]
        assert data["deck"] == name
    assert {json.dumps(data["faces"]) for data in given} == {json.dumps(plain_faces(built, cards))}

    show_result(page)
    expect(page.locator(".flip")).to_have_count(len(cards))
    assert {"tone", "pick", "decoy"} <= told(ear)
    assert secrets_in(name.encode() + bytes.fromhex(seed), [seed]) == [seed]
    assert secrets_in(base64.b64encode(b"{" + hash.encode() + b"}"), [hash]) == [hash]


def plain_faces(built: Path, cards: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What brands look like to somebody who knows nothing but the catalogue."""
    house = Workspace(Settings(workspace=built))
    try:
        faces = load_recommender(house).faces([card["brand"] for card in cards])
        return [{name: getattr(face, name) for name in FACE} for face in faces]
    finally:
        house.close()


def test_a_brand_has_the_same_face_for_every_person_and_arm(open_context: Open, demo: Demo) -> None:
    faces: dict[str, set[str]] = {}
    arms: dict[str, set[tuple[str, ...]]] = {}
    context = open_context()
    ear, page = Ear(context), context.new_page()
    for life in ("noor", "samira", "henk", "daan"):
        live_as(page, demo.url, life)
    for data in ear.data("brandswipe_swipe"):
        for face in data["faces"]:
            faces.setdefault(face["brand"], set()).add(json.dumps(face | {"position": 0}))
        for card in cards_of(demo, data["deck"]):
            arms.setdefault(card["brand"], set()).add(tuple(card["arms"]))
    assert {brand: len(seen) for brand, seen in faces.items() if len(seen) > 1} == {}
    assert any(len(seen) > 1 for seen in arms.values()), "no brand was dealt in two arms"
