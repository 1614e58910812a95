"""Every component on one page, in a language, so that a test can mount their scripts by hand."""

from collections.abc import Sequence

import streamlit as st

from app.presentation import i18n
from app.storage.study_db.records import Refusal
from app.web.components.game import brand_wall, farewell, latecomers, practice_card, swipe_cards
from app.web.components.reveal import Revealed, reveal
from app.web.components.widgets import carousel, crawl, pass_on, save_file, tab_memory
from recsys.study.deck import Arm, Face
from recsys.study.swipes import Answer

BRANDS = ("Lego", "999 Games", "Nike", "Bose")
CARDS = 120


def faces(count: int) -> list[Face]:
    """Return brands, numbered from 1."""
    return [Face(i + 1, f"{BRANDS[i % 4]} {i + 1}", None, "Toys", ("A set",)) for i in range(count)]


def turned(refused: Refusal | None) -> Sequence[Revealed]:
    """Return picks that were refused, two of which ask why."""
    said = Answer.NOT_FAVOURITE
    return [
        Revealed(face, {Arm.PICK}, said, asks=face.position < 3, refused=refused)
        for face in faces(4)
    ]


def cards(language: str) -> None:
    """Show the deck, a closed deck's late answers, and a turned deck."""
    texts = i18n.section(language, "swipe")
    known = {"api": "/api/swipes", "namespace": "me"}
    swipe_cards(faces(CARDS), "mounted", "mounted#0", texts=texts, **known)
    latecomers("closed", "closed#0", words=texts["saved_late"], **known)
    refused = Refusal.GIFT if language == "nl" else None
    headline = i18n.text(language, "reveal.headline", hits=8, picks=10, unmasked=4, decoys=5)
    told = i18n.section(language, "reveal")
    reveal(turned(refused), deck_id="d", headline=headline, texts=told)


def others(language: str) -> None:
    """Show what stands beside the cards."""
    section = i18n.section
    brand_wall([(face.brand, face.category) for face in faces(30)], texts=section(language, "wall"))
    practice_card(texts=section(language, "practice") | section(language, "swipe"))
    carousel(faces(4), label=language)
    texts = section(language, "crawl")
    crawl([texts["title"], texts["line_1"]], texts=texts)
    farewell(i18n.text(language, "swipe.leaving"))
    sentences = {"en": ("English", "Look: {link}"), "nl": ("Nederlands", "Kijk: {link}")}
    pass_on(sentences, texts=section(language, "pass_on"))
    tab_memory("me", ["Lego"] if language == "nl" else [])
    save_file("{}", name="mine.json", label=f"Save {language}")


cards(st.query_params["lang"])
others(st.query_params["lang"])
