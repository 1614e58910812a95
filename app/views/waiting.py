"""The wait for the cards: what was done for her, and how long each part of it took."""

from collections.abc import Mapping

import streamlit as st

from app.game import Game
from app.rows.records import DealtDeck
from app.words import shown, text
from recsys.deck import Origin

STAGES = {  # how the stopwatch calls them, and how the page does
    "reading her events": "reading",
    "reading your picks": "picks",
    "summing up": "summing",
    "ranking": "ranking",
    "choosing decoys": "choosing",
}


def how_fast(language: str, game: Game, dealt: DealtDeck) -> None:
    """Say in a line how long it took, its stages behind a sign."""
    seconds = max(sum(dealt.timings.values()) / 1000, 0.001)
    if dealt.deck.origin is Origin.ELICITED:  # nobody was looked up: five picks were enough
        brands = len(game.brain.catalogue.brands)
        said = text(language, "wait.ranked", brands=brands, seconds=seconds)
    else:
        customers = game.brain.warehouse.customers
        said = text(language, "wait.found", customers=customers, seconds=seconds)
    st.caption(said, help=_stages(language, dealt.timings))


def _stages(language: str, timings: Mapping[str, float]) -> str:
    """Each stage of the wait with its true time, a line each."""
    lines = [
        f"{text(language, f'wait.stage_{key}')}: {shown(language, ms)} ms"
        for start, key in STAGES.items()
        for stage, ms in timings.items()
        if stage.startswith(start)
    ]
    return "\n\n".join(lines)
