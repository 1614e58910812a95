"""A scrolling story with the player's brands. It never starts without a click."""

from collections.abc import Iterator, Sequence

import streamlit as st

from app.presentation.explanations import list_in_words
from app.presentation.i18n import section_texts as texts_of
from app.presentation.i18n import translate
from app.web.components.widgets import story_crawl
from app.web.views.session import component_value, current_session

STORY_SECONDS = 36  # slow enough to read about ninety words
STORY_PARTS = (
    ("first", 1),
    ("next", 2),
    ("middle", 4),
    ("last", 3),
)  # (text key, number of brands in the line)
_STORY_KEY = "galaxy"


@st.fragment
def show_story(language: str, brands: Sequence[str]) -> None:
    """Show the button, or the story while it runs."""
    st.space("small")
    if component_value(_STORY_KEY, "ended"):
        _set_rolling(False)
    if current_session().story_is_rolling:
        story_crawl(
            list(story_lines(language, brands)),
            texts=texts_of(language, "crawl"),
            seconds=STORY_SECONDS,
            stars=brands,
            focus=True,
            key=_STORY_KEY,
        )
    else:
        label, icon = translate(language, "galaxy.button"), ":material/auto_awesome:"
        st.button(label, key="galaxy_button", icon=icon, on_click=_set_rolling, args=(True,))


def _set_rolling(rolling: bool) -> None:
    current_session().story_is_rolling = rolling


def story_lines(language: str, brands: Sequence[str]) -> Iterator[str]:
    """Yield the title and the lines, best brand first; lines without brands are left out."""
    yield translate(language, "galaxy.title")
    remaining = list(brands)
    for part, count in STORY_PARTS:
        line_brands, remaining = remaining[:count], remaining[count:]
        if line_brands:
            yield translate(language, f"galaxy.{part}", brands=list_in_words(language, line_brands))
    yield translate(language, "galaxy.end")
