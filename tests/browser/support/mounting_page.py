"""Every component on one page, in a language, so that a test can mount their scripts by hand."""

from collections.abc import Sequence

import streamlit as st

from app.presentation import i18n
from app.storage.study_db.records import RejectionReason
from app.web.components.game import (
    brand_picker,
    late_answers,
    logout_flush,
    practice_card,
    swipe_deck,
)
from app.web.components.reveal import RevealedCardView, reveal_deck
from app.web.components.widgets import carousel, file_download, share_link, story_crawl, tab_storage
from recsys.study.deck import Face, Source
from recsys.study.swipes import Answer

BRANDS = ("Lego", "999 Games", "Nike", "Bose")
CARDS = 120


def faces(count: int) -> list[Face]:
    """Return brands, numbered from 1."""
    return [Face(i + 1, f"{BRANDS[i % 4]} {i + 1}", None, "Toys", ("A set",)) for i in range(count)]


def turned(refused: RejectionReason | None) -> Sequence[RevealedCardView]:
    """Return picks that were refused, two of which ask why."""
    said = Answer.NOT_FAVOURITE
    return [
        RevealedCardView(
            face, {Source.PICK}, said, asks_reason=face.position < 3, rejection=refused
        )
        for face in faces(4)
    ]


def cards(language: str) -> None:
    """Show the deck, a closed deck's late answers, and a turned deck."""
    texts = i18n.section_texts(language, "swipe")
    known = {"api": "/api/swipes", "namespace": "me"}
    swipe_deck(faces(CARDS), "mounted", "mounted#0", texts=texts, **known)
    late_answers("closed", "closed#0", message=texts["saved_late"], **known)
    refused = RejectionReason.GIFT if language == "nl" else None
    headline = i18n.translate(language, "reveal.headline", hits=8, picks=10, unmasked=4, decoys=5)
    told = i18n.section_texts(language, "reveal")
    reveal_deck(turned(refused), deck_id="d", headline=headline, texts=told)


def others(language: str) -> None:
    """Show what stands beside the cards."""
    section = i18n.section_texts
    brand_picker(
        [(face.brand, face.category) for face in faces(30)], texts=section(language, "wall")
    )
    practice_card(texts=section(language, "practice") | section(language, "swipe"))
    carousel(faces(4), label=language)
    texts = section(language, "crawl")
    story_crawl([texts["title"], texts["line_1"]], texts=texts)
    logout_flush(i18n.translate(language, "swipe.leaving"))
    sentences = {"en": ("English", "Look: {link}"), "nl": ("Nederlands", "Kijk: {link}")}
    share_link(sentences, texts=section(language, "pass_on"))
    tab_storage("me", ["Lego"] if language == "nl" else [])
    file_download("{}", name="mine.json", label=f"Save {language}")


cards(st.query_params["lang"])
others(st.query_params["lang"])
