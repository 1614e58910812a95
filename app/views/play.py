"""The game: whatever comes next for whoever is here."""

import streamlit as st

from app import runtime
from app.game import Game, Player
from app.rows.records import DealtDeck
from app.views import borrowed, cards, frame, reveal, visit, wall
from app.words import text
from recsys.deck import TASTER, Origin


def page() -> None:
    """Show whatever comes next; the store alone knows where she was."""
    language = frame.language()
    row = runtime.house().study_to_play()
    if row is None:
        _nothing_yet(language)
        return
    game, player = runtime.house().game(row), visit.player()
    dealt = game.open_deck(player) or _latest(game, player)
    if dealt is None or borrowed.plays_again():
        _begin(language, game, player)
    elif game.store.closing(dealt.deck.id) is None:
        cards.show(language, game, player, dealt)
    else:
        reveal.show(language, game, player, dealt)


def _latest(game: Game, player: Player) -> DealtDeck | None:
    decks = [
        dealt
        for dealt in game.store.decks_by(player.participant)
        if dealt.deck.study == game.row.hash and dealt.deck.origin is player.origin
    ]
    return decks[-1] if decks else None


def _nothing_yet(language: str) -> None:
    st.title(text(language, "state.no_study_title"))
    st.write(text(language, "state.no_study"))


def _begin(language: str, game: Game, player: Player) -> None:
    if player.origin is Origin.PERSONA:
        _deal(game)
    else:
        wall.show(language, game, lambda: _deal(game))


def _deal(game: Game) -> None:
    player = visit.player()
    recipe = TASTER if player.origin is Origin.ELICITED else None
    game.start(player, recipe)
    borrowed.plays_again(ended=True)
    st.rerun()
