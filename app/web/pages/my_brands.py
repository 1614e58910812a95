"""My brands: the row that customers would get; a press lists a brand's products."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from app.modeling.recommender import Brain
from app.presentation.i18n import price, text, verbatim
from app.study import privacy
from app.study.dealing import Player
from app.study.game import Game, load_game, study_to_play
from app.web import runtime
from app.web.components.widgets import carousel
from app.web.pages import layout, session
from recsys.dataset.events import NO_PRICE
from recsys.errors import NotAllowedError, NotEnoughHistoryError
from recsys.study.card_faces import Product
from recsys.study.deck import Face, Origin

LENGTH = 10  # brands of a row
SHELF = 6  # products under each heading
_ROW = "carousel"


def page() -> None:
    """Compute the row now, for whoever is here, and show the products of the chosen brand."""
    language = layout.language()
    st.title(text(language, "carousel.title"))
    study = study_to_play(runtime.store())
    if study is None:
        st.write(text(language, "state.no_study"))
        return
    game = load_game(runtime.house(), study)
    player = _whose(game)
    if would_tell(game, player):
        _to_play(language, "finish_first", "to_deck")
    elif row(game, player):
        shelves(language, game, player, opened=True)
    else:
        _to_play(language, "pick_first", "to_wall")


def shelves(language: str, game: Game, player: Player, opened: bool = False) -> None:
    """The row, and below it what a pressed brand has to offer; the first one, where `opened`."""
    st.write(text(language, "carousel.lead"))
    _shelves(language, game, player, opened)


@st.fragment
def _shelves(language: str, game: Game, player: Player, opened: bool) -> None:
    layout.guarded(lambda: _pressed(language, game, player, opened), language)


def _pressed(language: str, game: Game, player: Player, opened: bool) -> None:
    faces = row(game, player)
    names = [face.brand for face in faces]
    told = st.session_state.get(_ROW) or {}  # read first, so that the row shows what was pressed
    chosen = told.get("chosen") if told.get("chosen") in names else None
    if opened and names:
        chosen = chosen or names[0]
    carousel(faces, label=text(language, "carousel.title"), chosen=chosen, key=_ROW)
    if chosen:
        _products(language, game.brain, chosen)


def _whose(game: Game) -> Player:
    """Whoever is here; without a yes to reading, the brands that she named are all we know."""
    player = session.player()
    if player.origin is not Origin.OWN or privacy.said(game.store, player.participant):
        return player
    named = tuple(st.session_state.get(session.NAMED, ()))
    return Player(player.participant, Origin.ELICITED, named=named)


def would_tell(game: Game, player: Player) -> bool:
    """Whether the row would say which cards are picks, of a deck in play or one that may count."""
    store = game.store
    closed = [
        store.closing(dealt.deck.id) is not None or dealt.closes_at <= store.clock()
        for dealt in store.decks_by(player.participant)
    ]
    return not all(closed) or (player.origin is Origin.OWN and not closed)


def row(game: Game, player: Player) -> list[Face]:
    """Her best brands, computed now; none where nothing is known of her."""
    if player.customer is None and not player.named:
        return []
    try:
        best = game.favourites(player, LENGTH)
    except (NotEnoughHistoryError, NotAllowedError):
        return []
    return game.brain.faces([score.brand for score in best])


def _to_play(language: str, why: str, label: str) -> None:
    st.write(text(language, f"carousel.{why}"))
    st.page_link(st.session_state["pages"]["play"], label=text(language, f"carousel.{label}"))


def _products(language: str, brain: Brain, brand: str) -> None:
    with st.container(border=True, key="panel_products"):
        st.header(verbatim(brand), anchor=False)
        featured = brain.showcase.featured(brand, SHELF)
        popular = brain.showcase.popular(brand, SHELF)
        if not popular:
            st.write(text(language, "carousel.nothing_in_brand"))
            return
        shelves = {"featured": featured, "popular": popular}
        told = [shelf(language, key, found) for key, found in shelves.items() if found]
        st.html(f'<div class="shelves">{"".join(told)}</div>')


def shelf(language: str, key: str, products: Sequence[Product]) -> str:
    """Return the HTML of a list of products with their prices under its heading."""
    rows = "".join(_product(language, product) for product in products)
    heading = escape(text(language, f"carousel.{key}"))
    return f"<section><h3>{heading}</h3><ul>{rows}</ul></section>"


def _product(language: str, product: Product) -> str:
    title = f'<span dir="auto">{escape(product.title)}</span>'
    if product.price == NO_PRICE:
        return f"<li>{title}</li>"
    cost = text(language, "carousel.price", price=price(language, product.price))
    return f"<li>{title}<span>{escape(cost)}</span></li>"
