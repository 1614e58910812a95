"""The page of the stage: `?scene=swipe|wall|reveal|notice|crawl&deck=...&n=...&lang=en|nl`."""

import json
from pathlib import Path

import streamlit as st

from app.presentation import i18n
from app.presentation.theme import page_css
from app.web.components.game import brand_picker, logout_flush, swipe_deck
from app.web.components.reveal import RevealedCardView, reveal_deck
from app.web.components.widgets import story_crawl
from app.web.views.play import page
from recsys.study.deck import Face, Source
from recsys.study.swipes import Answer

NAMES = (
    "Lego|Toys|Technic set;City fire station;Classic bricks,"
    "<script>alert(1)</script>|Books|<b>bold</b>;A novel;<img src=x onerror=alert(2)>,"
    "999 Games|Games|Catan;Regenwormen,Stabilo|Pens|Boss Original;Point 88,"
    "Ubisoft|Games|Anno;Rayman;Just Dance,Xiaomi|Phones|Redmi Note;Smart Band,"
    "Nike|Sportswear|Pegasus;Dri-FIT shirt,Fjällräven|Outdoor|Kånken;Greenland Jacket,"
    "Le Creuset|Kitchen|Casserole;Mug,مرحبا|Books|,Philips Hue|Lighting|White Ambiance,"
    "Penguin Classics|Books|Middlemarch;Emma,Patagonia|Outdoor|Nano Puff,"
    "Moleskine|Stationery|Notebook,"
    "Bose|Audio|QuietComfort,Tony's Chocolonely|Sweets|Milk 32%,Rituals|Care|The Ritual of Sakura,"
    "Playmobil|Toys|Pirates,HEMA|Household|Rookworst,Ravensburger|Puzzles|1000 pieces"
)


def faces(count: int) -> list[Face]:
    """Return brands as they come, good and bad, over and over."""
    known = [entry.split("|") for entry in NAMES.split(",")]
    made = []
    for i in range(count):
        brand, category, products = known[i % len(known)]
        name = brand if i < len(known) else f"{brand} {i}"
        titles = tuple(title for title in products.split(";") if title)
        made.append(Face(i + 1, name, None, category, titles))
    return made


def standing(deck: str) -> dict[int, Answer]:
    """Return the last answer of each card in the file of rows."""
    file = Path("rows.jsonl")
    rows = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    said = {row["position"]: row["answer"] for row in rows if row["deck"] == deck}
    return {position: Answer(answer) for position, answer in said.items() if answer}


def swipe_scene(language: str, deck: str, count: int) -> None:
    """Play; at the end say what was stored."""
    serial = st.session_state.setdefault("serial", 0)
    result = swipe_deck(
        faces(count),
        deck,
        f"{deck}#{serial}",
        texts=i18n.section_texts(language, "swipe"),
        current_answers=standing(deck),
        namespace=st.query_params.get("who", "me"),
        note=st.query_params.get("note", ""),
        key=f"swipe_cards{st.session_state.get('mounts', 0)}",
    )
    if result.renew:
        st.session_state.serial += 1
        st.rerun()
    if result.finished:
        st.session_state.finished = result.finished
    if "again" in st.query_params:
        st.button("Mount again", on_click=lambda: st.session_state.update(mounts=1))
        st.write(f"mounted again {st.session_state.get('mounts', 0)} times")
    if "exit" in st.query_params:
        st.button("Log out", on_click=lambda: st.session_state.update(leaving=True))
    if "finished" in st.session_state:
        st.write(f"finished {st.session_state.finished} with {len(standing(deck))} answers")


def leave_scene(language: str) -> None:
    """Log out as the house does: clear the browser first."""
    told = logout_flush(i18n.translate(language, "swipe.leaving")).unsent
    if told is not None:
        st.session_state.told = told
    if "told" in st.session_state:
        st.write(f"logged out, {st.session_state.told} unsent")


def wall_scene(language: str) -> None:
    """Pick five."""
    st.title(i18n.translate(language, "wall.title"))
    st.write(i18n.translate(language, "wall.lead"))
    brands = [(face.brand, face.category) for face in faces(int(st.query_params.get("n", 160)))]
    picked = brand_picker(brands, texts=i18n.section_texts(language, "wall")).picked
    if picked:
        st.session_state.picked = picked
    if "picked" in st.session_state:
        st.write("picked " + " + ".join(st.session_state.picked))


def reveal_scene(language: str, count: int) -> None:
    """Turn a deck over."""
    arms = [{Source.PICK}, {Source.DECOY}, {Source.PICK, Source.BASELINE}, {Source.BASELINE}]
    said = [Answer.FAVOURITE, Answer.NOT_FAVOURITE, Answer.SUPER_LIKE, Answer.DONT_KNOW, None]
    why = i18n.translate(language, "reveal.why_full_price", n=3)
    cards = [
        RevealedCardView(face, arms[i % 4], said[i % 5], why if i % 4 == 0 else "")
        for i, face in enumerate(faces(count))
    ]
    headline = i18n.translate(language, "reveal.headline", hits=8, picks=10, unmasked=4, decoys=5)
    texts = i18n.section_texts(language, "reveal")
    reveal_deck(cards, deck_id="d", headline=headline, lead="Practice.", texts=texts)


def crawl_scene(language: str) -> None:
    """Roll the story."""
    texts = i18n.section_texts(language, "crawl")
    lines = [texts["title"], *(texts[f"line_{i}"] for i in range(1, 6))]
    if story_crawl(lines, texts=texts).ended:
        st.write("the story is over")


def main() -> None:
    """Show the scene that the address asks for."""
    st.html(page_css())
    asked = st.query_params
    language, scene = asked.get("lang", "en"), asked.get("scene", "swipe")
    count = int(asked.get("n", 20))
    if st.session_state.get("leaving"):
        leave_scene(language)
    elif scene == "swipe":
        swipe_scene(language, asked.get("deck", "deck"), count)
    elif scene == "wall":
        wall_scene(language)
    elif scene == "reveal":
        reveal_scene(language, count)
    elif scene == "notice":
        page.show_notice(language, "closed", "practise", "pick", study="autumn")
    else:
        crawl_scene(language)


main()
