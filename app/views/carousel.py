"""My brands: the row that customers would get; a press lists a brand's products."""

import streamlit as st

from app import runtime
from app.brain import Brain
from app.swipe_cards import carousel
from app.views import frame, visit
from app.words import price, text, verbatim
from recsys.deck import Face
from recsys.errors import NotEnoughHistoryError
from recsys.events import NO_PRICE
from recsys.showcase import Product

LENGTH = 10


def page() -> None:
    """Compute the row now, for whoever is here, and show the products of the chosen brand."""
    language = frame.language()
    st.title(text(language, "carousel.title"))
    row = runtime.house().study_to_play()
    if row is None:
        st.write(text(language, "state.no_study"))
        return
    game = runtime.house().game(row)
    player = visit.player()
    faces = _row(game.brain, player.customer, player.named)
    if not faces:
        st.write(text(language, "carousel.pick_first"))
        st.page_link(st.session_state["pages"]["play"], label=text(language, "carousel.to_wall"))
        return
    st.write(text(language, "carousel.lead"))
    label = text(language, "carousel.title")
    chosen = st.session_state.get("carousel_brand", faces[0].brand)
    chosen = carousel(faces, label=label, chosen=chosen).chosen or chosen
    st.session_state["carousel_brand"] = chosen
    if chosen in {face.brand for face in faces}:
        _products(language, game.brain, chosen)


def _row(brain: Brain, customer: str | None, named: tuple[str, ...]) -> list[Face]:
    if customer is None and not named:
        return []
    try:
        evidence = brain.evidence_of(customer) if customer else brain.evidence_for(named)
    except NotEnoughHistoryError:
        return []
    return brain.faces([score.brand for score in brain.rank(evidence, LENGTH)])


def _products(language: str, brain: Brain, brand: str) -> None:
    st.header(verbatim(brand), anchor=False)
    featured = brain.showcase.featured(brand, 6)
    popular = brain.showcase.popular(brand, 6)
    if not popular:
        st.write(text(language, "carousel.nothing_in_brand"))
        return
    shelves = [
        (key, found) for key, found in (("featured", featured), ("popular", popular)) if found
    ]
    for column, (key, products) in zip(st.columns(2, gap="large"), shelves, strict=False):
        with column:
            st.subheader(text(language, f"carousel.{key}"), anchor=False)
            for product in products:
                _product(language, product)


def _product(language: str, product: Product) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.text(product.title)
        if product.price != NO_PRICE:
            st.text(text(language, "carousel.price", price=price(language, product.price)))
