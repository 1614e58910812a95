"""The wait while a deck is dealt: the stages of the work and their durations."""

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

STAGE_TEXTS = {  # stage of the stopwatch -> text key of the page
    WorkStage.READING_EVENTS: "reading",
    WorkStage.READING_PICKS: "picks",
    WorkStage.SUMMING_UP: "summing",
    WorkStage.RANKING: "ranking",
    WorkStage.CHOOSING_DECOYS: "choosing",
}
STORY_DELAY = 0.4  # seconds; a shorter wait shows no story
_POLL_SECONDS = 0.2  # seconds between two updates of the stages


def start_deal(game: Game, player: Player, recipe: DeckRecipe | None) -> None:
    """Start dealing in the background; the next run of the page waits for the deck."""
    deal = partial(game.start, player, recipe)
    current_session().pending_deal = runtime.deal_queue().submit(deal)


def await_deal(language: str, pending_deal: PendingDeal) -> DealtDeck:
    """Wait for the deck, with a story if the wait is noticeable. Raises any dealing error."""
    if not pending_deal.is_done_within(STORY_DELAY):
        _show_story(language, pending_deal)
    current_session().pending_deal = None
    return pending_deal.result()


def _show_story(language: str, pending_deal: PendingDeal) -> None:
    """Show the story until the deck is dealt; after a skip, show only the stages."""
    with st.container(key="story"):  # the CSS uses this key to hide the previous page
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
    """Show the duration of the deal in one line, with the stages in a tooltip."""
    seconds = max(sum(dealt_deck.timings.values()) / 1000, 0.001)
    if dealt_deck.deck.origin is Origin.ELICITED:  # no history was read: picked brands were enough
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
    """Return a line for each stage with its measured milliseconds."""
    return [
        f"{translate(language, f'wait.stage_{key}')}: {format_value(language, ms)} ms"
        for start, key in STAGE_TEXTS.items()
        for stage, ms in list(timings.items())
        if stage.startswith(start)
    ]
