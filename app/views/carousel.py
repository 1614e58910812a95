"""My brands: the row that customers would get; a press lists a brand's products."""

import streamlit as st

from app import runtime
from app.brain import Brain
from app.game import Game, Player
from app.swipe_cards import carousel
from app.views import frame, visit
from app.words import price, text, verbatim
from recsys.deck import Face, Origin
from recsys.errors import NotEnoughHistoryError
from recsys.events import NO_PRICE
from recsys.showcase import Product

LENGTH = 10
_ROW = "carousel"


def page() -> None:
    """Compute the row now, for whoever is here, and show the products of the chosen brand."""
    language = frame.language()
    st.title(text(language, "carousel.title"))
    study = runtime.house().study_to_play()
    if study is None:
        st.write(text(language, "state.no_study"))
        return
    game, player = runtime.house().game(study), visit.player()
    if _would_tell(game, player):
        _to_play(language, "finish_first", "to_deck")
    elif row(game.brain, player):
        shelves(language, game, player)
    else:
        _to_play(language, "pick_first", "to_wall")


def shelves(language: str, game: Game, player: Player) -> None:
    """The row, and below it what a pressed brand has to offer."""
    st.write(text(language, "carousel.lead"))
    _shelves(language, game, player)


@st.fragment
def _shelves(language: str, game: Game, player: Player) -> None:
    frame.guarded(lambda: _pressed(language, game, player), language)


def _pressed(language: str, game: Game, player: Player) -> None:
    faces = row(game.brain, player)
    told = st.session_state.get(_ROW) or {}  # read first, so that the row shows what was pressed
    pressed = told.get("chosen")
    chosen = pressed if pressed in [face.brand for face in faces] else None
    carousel(faces, label=text(language, "carousel.title"), chosen=chosen, key=_ROW)
    if chosen:
        _products(language, game.brain, chosen)


def _would_tell(game: Game, player: Player) -> bool:
    """Whether the row would say which cards are picks, of a deck in play or one that may count."""
    if game.open_deck(player) is not None:
        return True
    decks = game.store.decks_by(player.participant)
    return player.origin is Origin.OWN and not any(game.store.closing(d.deck.id) for d in decks)


def row(brain: Brain, player: Player) -> list[Face]:
    """Her best brands, computed now; none where nothing is known of her."""
    if player.customer is None and not player.named:
        return []
    try:
        known = player.customer
        evidence = brain.evidence_of(known) if known else brain.evidence_for(player.named)
    except NotEnoughHistoryError:
        return []
    return brain.faces([score.brand for score in brain.rank(evidence, LENGTH)])


def _to_play(language: str, why: str, label: str) -> None:
    st.write(text(language, f"carousel.{why}"))
    st.page_link(st.session_state["pages"]["play"], label=text(language, f"carousel.{label}"))


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
