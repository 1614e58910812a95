"""The wait for the cards: what is done for her, and how long each part of it takes."""

from collections.abc import Mapping
from functools import partial

import streamlit as st

from app.presentation.i18n import format_value, section_texts, translate
from app.storage.study_db.records import DealtDeck
from app.study.deal_queue import PendingDeal
from app.study.dealing import Player
from app.study.game import Game
from app.web import runtime
from app.web.components.widgets import story_crawl
from app.web.views.session import current_session
from recsys.progress import WorkStage
from recsys.study.deck import DeckRecipe, Origin

STAGE_TEXTS = {  # how the stopwatch calls them, and how the page does
    WorkStage.READING_EVENTS: "reading",
    WorkStage.READING_PICKS: "picks",
    WorkStage.SUMMING_UP: "summing",
    WorkStage.RANKING: "ranking",
    WorkStage.CHOOSING_DECOYS: "choosing",
}
STORY_DELAY = 0.4  # s; a shorter wait is over before a story would begin
_POLL_SECONDS = 0.2  # s between two looks at the stages


def start_deal(game: Game, player: Player, recipe: DeckRecipe | None) -> None:
    """Begin to deal; the page looks for the cards from its next run on."""
    deal = partial(game.start, player, recipe)
    current_session().pending_deal = runtime.deal_queue().submit(deal)


def await_deal(language: str, pending_deal: PendingDeal) -> DealtDeck:
    """Wait for the cards, with a story where it can be felt; raise what went wrong."""
    if not pending_deal.is_done_within(STORY_DELAY):
        _show_story(language, pending_deal)
    current_session().pending_deal = None
    return pending_deal.result()


def _show_story(language: str, pending_deal: PendingDeal) -> None:
    """Roll the story until the cards are there; who skips it sees the stages alone."""
    with st.container(key="story"):  # by this name the style sweeps the last page away
        story, stage_lines = st.empty(), st.empty()
    texts = section_texts(language, "crawl")
    lines = [texts["title"], *(texts[key] for key in sorted(texts) if key.startswith("line_"))]
    with story:
        skipped = story_crawl(lines, texts={"skip": texts["skip"]}, key="wait_crawl").ended
    if skipped:
        story.empty()
    while not pending_deal.is_done_within(_POLL_SECONDS):
        stage_lines.caption(_progress_text(language, pending_deal.stopwatch.stages))


def _progress_text(language: str, timings: Mapping[str, float]) -> str:
    return "  \n".join([translate(language, "wait.slow"), *_stage_lines(language, timings)])


def show_timing(language: str, game: Game, dealt_deck: DealtDeck) -> None:
    """Say in a line how long it took, its stages behind a sign."""
    seconds = max(sum(dealt_deck.timings.values()) / 1000, 0.001)
    if dealt_deck.deck.origin is Origin.ELICITED:  # nobody was looked up: five picks were enough
        brands = len(game.recommender.catalog.brands)
        sentence = translate(language, "wait.ranked", brands=brands, seconds=seconds)
    else:
        customers = game.recommender.event_store.customers
        sentence = translate(language, "wait.found", customers=customers, seconds=seconds)
    st.caption(
        sentence,
        help="\n\n".join(_stage_lines(language, dealt_deck.timings)),
        text_alignment="center",
    )


def _stage_lines(language: str, timings: Mapping[str, float]) -> list[str]:
    """Each stage of the wait with its true time."""
    return [
        f"{translate(language, f'wait.stage_{key}')}: {format_value(language, ms)} ms"
        for start, key in STAGE_TEXTS.items()
        for stage, ms in list(timings.items())
        if stage.startswith(start)
    ]
