"""The wait for the cards: what is done for her, and how long each part of it takes."""

from collections.abc import Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass

import streamlit as st

from app.modeling.recommender import Stopwatch
from app.presentation.i18n import section, shown, text
from app.storage.study_db.records import DealtDeck
from app.study.dealing import Player
from app.study.game import Game
from app.web.components.widgets import crawl
from recsys.study.deck import DeckRecipe, Origin


@dataclass(frozen=True, slots=True)
class Dealing:
    """One deal, with the stages that are done so far."""

    player: Player
    watch: Stopwatch
    future: Future[DealtDeck]

    @classmethod
    def begin(cls, game: Game, player: Player, recipe: DeckRecipe | None) -> "Dealing":
        """Begin to deal, in another thread."""
        watch = Stopwatch()
        return cls(player, watch, game.begin(player, recipe, watch))

    def done_within(self, seconds: float) -> bool:
        """Wait so long at most; return whether the cards are there, or the reason why not."""
        return bool(wait([self.future], seconds).done)

    def result(self) -> DealtDeck:
        """Return the deck, or raise what went wrong."""
        return self.future.result()


STAGES = {  # how the stopwatch calls them, and how the page does
    "reading her events": "reading",
    "reading your picks": "picks",
    "summing up": "summing",
    "ranking": "ranking",
    "choosing decoys": "choosing",
}
PATIENCE = 0.4  # s; a shorter wait is over before a story would begin
_LOOK = 0.2  # s between two looks at the stages
_UNDER_WAY = "dealing"


def begin(game: Game, player: Player, recipe: DeckRecipe | None) -> None:
    """Begin to deal; the page looks for the cards from its next run on."""
    st.session_state[_UNDER_WAY] = Dealing.begin(game, player, recipe)


def under_way() -> bool:
    """Whether cards are being dealt to her."""
    return _UNDER_WAY in st.session_state


def end(language: str) -> DealtDeck:
    """Wait for the cards, with a story where it can be felt; raise what went wrong."""
    dealing: Dealing = st.session_state[_UNDER_WAY]
    if not dealing.done_within(PATIENCE):
        _tell(language, dealing)
    del st.session_state[_UNDER_WAY]
    return dealing.result()


def _tell(language: str, dealing: Dealing) -> None:
    """Roll the story until the cards are there; who skips it sees the stages alone."""
    with st.container(key="story"):  # by this name the style sweeps the last page away
        story, done = st.empty(), st.empty()
    words = section(language, "crawl")
    lines = [words["title"], *(words[key] for key in sorted(words) if key.startswith("line_"))]
    with story:
        skipped = crawl(lines, texts={"skip": words["skip"]}, key="wait_crawl").ended
    if skipped:
        story.empty()
    while not dealing.done_within(_LOOK):
        done.caption(_so_far(language, dealing.watch.stages))


def _so_far(language: str, timings: Mapping[str, float]) -> str:
    return "  \n".join([text(language, "wait.slow"), *_lines(language, timings)])


def how_fast(language: str, game: Game, dealt: DealtDeck) -> None:
    """Say in a line how long it took, its stages behind a sign."""
    seconds = max(sum(dealt.timings.values()) / 1000, 0.001)
    if dealt.deck.origin is Origin.ELICITED:  # nobody was looked up: five picks were enough
        brands = len(game.brain.catalogue.brands)
        said = text(language, "wait.ranked", brands=brands, seconds=seconds)
    else:
        customers = game.brain.warehouse.customers
        said = text(language, "wait.found", customers=customers, seconds=seconds)
    st.caption(said, help="\n\n".join(_lines(language, dealt.timings)), text_alignment="center")


def _lines(language: str, timings: Mapping[str, float]) -> list[str]:
    """Each stage of the wait with its true time."""
    return [
        f"{text(language, f'wait.stage_{key}')}: {shown(language, ms)} ms"
        for start, key in STAGES.items()
        for stage, ms in list(timings.items())
        if stage.startswith(start)
    ]
