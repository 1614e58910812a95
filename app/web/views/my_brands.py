"""My brands: the row of recommended brands; a click on a brand lists its products."""

from collections.abc import Mapping, Sequence

import streamlit as st

from app.modeling.recommender import Recommender
from app.presentation.i18n import escape_markdown, format_price, translate
from app.presentation.templating import render_template
from app.study import privacy
from app.study.dealing import Player
from app.study.game import Game, load_game, study_to_play
from app.web import runtime
from app.web.components.widgets import carousel
from app.web.views import layout, players
from app.web.views.session import component_value, current_session
from recsys.dataset.events import NO_PRICE
from recsys.errors import NotAllowedError, NotEnoughHistoryError
from recsys.study.card_faces import Product
from recsys.study.deck import Face, Origin

ROW_LENGTH = 10  # brands in a row
PRODUCTS_PER_HEADING = 6  # products under each heading
_CAROUSEL_KEY = "carousel"


def my_brands_page() -> None:
    """Compute the row for the current player and show the products of the chosen brand."""
    language = layout.current_language()
    st.title(translate(language, "carousel.title"))
    study = study_to_play(runtime.store())
    if study is None:
        st.write(translate(language, "state.no_study"))
        return
    game = load_game(runtime.workspace(), study)
    player = _row_player(game)
    if would_reveal_picks(game, player):
        _link_to_play(language, "finish_first", "to_deck")
    elif favourite_faces(game, player):
        show_carousel(language, game, player, open_first=True)
    else:
        _link_to_play(language, "pick_first", "to_wall")


def show_carousel(language: str, game: Game, player: Player, open_first: bool = False) -> None:
    """Show the row and below it the products of the chosen brand.

    With `open_first`, the first brand is chosen at the start.
    """
    st.write(translate(language, "carousel.lead"))
    _carousel_fragment(language, game, player, open_first)


@st.fragment
def _carousel_fragment(language: str, game: Game, player: Player, open_first: bool) -> None:
    layout.run_guarded(
        lambda: _show_carousel_and_products(language, game, player, open_first), language
    )


def _show_carousel_and_products(
    language: str, game: Game, player: Player, open_first: bool
) -> None:
    faces = favourite_faces(game, player)
    brands = [face.brand for face in faces]
    pressed = component_value(_CAROUSEL_KEY, "chosen")  # read first: the row marks it
    chosen_brand = pressed if pressed in brands else None
    if open_first and brands:
        chosen_brand = chosen_brand or brands[0]
    carousel(
        faces, label=translate(language, "carousel.title"), chosen=chosen_brand, key=_CAROUSEL_KEY
    )
    if chosen_brand:
        _show_products(language, game.recommender, chosen_brand)


def _row_player(game: Game) -> Player:
    """Return the current player; without consent to read history, one with picked brands only."""
    player = players.current_player()
    if player.origin is not Origin.OWN or privacy.has_consented(game.store, player.participant):
        return player
    return players.player_with_picks(player.participant)


def would_reveal_picks(game: Game, player: Player) -> bool:
    """Return whether the row would reveal the picks of an open deck or of a future counted deck."""
    store = game.store
    closed = [
        store.decks.is_closed(dealt) for dealt in store.decks.of_participant(player.participant)
    ]
    return not all(closed) or (player.origin is Origin.OWN and not closed)


def favourite_faces(game: Game, player: Player) -> list[Face]:
    """Compute the player's top brands; empty if nothing is known about the player."""
    if player.customer is None and not player.picked_brands:
        return []
    try:
        recommendations = game.favourites(player, ROW_LENGTH)
    except (NotEnoughHistoryError, NotAllowedError):
        return []
    return game.recommender.faces([score.brand for score in recommendations])


def _link_to_play(language: str, text_key: str, label_key: str) -> None:
    st.write(translate(language, f"carousel.{text_key}"))
    play_page = current_session().pages["play"]
    st.page_link(play_page, label=translate(language, f"carousel.{label_key}"))


def _show_products(language: str, recommender: Recommender, brand: str) -> None:
    with st.container(border=True, key="panel_products"):
        st.header(escape_markdown(brand), anchor=False)
        featured = recommender.brand_products.featured(brand, PRODUCTS_PER_HEADING)
        popular = recommender.brand_products.most_bought(brand, PRODUCTS_PER_HEADING)
        if not popular:
            st.write(translate(language, "carousel.nothing_in_brand"))
            return
        st.html(products_html(language, {"featured": featured, "popular": popular}))


def products_html(language: str, products_by_heading: Mapping[str, Sequence[Product]]) -> str:
    """Return the HTML of the non-empty product lists, with prices."""
    shelves = [
        (
            translate(language, f"carousel.{heading_key}"),
            [(product.title, _price_text(language, product)) for product in products],
        )
        for heading_key, products in products_by_heading.items()
        if products
    ]
    return render_template("app.web", "products.html", shelves=shelves)


def _price_text(language: str, product: Product) -> str | None:
    if product.price == NO_PRICE:
        return None
    return translate(language, "carousel.price", price=format_price(language, product.price))
