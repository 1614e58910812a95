"""Her brands, in a galaxy far away: the story rolls when she asks for it, never by itself."""

from collections.abc import Iterator, Sequence

import streamlit as st

from app.presentation.explanations import listed
from app.presentation.i18n import section as texts_of
from app.presentation.i18n import text
from app.web.components.widgets import crawl

SECONDS = 36  # for some ninety words: slow enough to read
PARTS = (("first", 1), ("next", 2), ("middle", 4), ("last", 3))  # how many brands each line names
_STORY, _ROLLS = "galaxy", "galaxy_rolls"


@st.fragment
def section(language: str, brands: Sequence[str]) -> None:
    """The button, or the story while it lasts."""
    st.space("small")
    if (st.session_state.get(_STORY) or {}).get("ended"):
        _roll(False)
    if st.session_state.get(_ROLLS):
        crawl(
            list(story(language, brands)),
            texts=texts_of(language, "crawl"),
            seconds=SECONDS,
            stars=brands,
            focus=True,
            key=_STORY,
        )
    else:
        label, icon = text(language, "galaxy.button"), ":material/auto_awesome:"
        st.button(label, key="galaxy_button", icon=icon, on_click=_roll, args=(True,))


def _roll(rolls: bool) -> None:
    st.session_state[_ROLLS] = rolls


def story(language: str, brands: Sequence[str]) -> Iterator[str]:
    """The story's title and lines, the favourite first; as many lines as there are brands for."""
    yield text(language, "galaxy.title")
    left = list(brands)
    for part, most in PARTS:
        named, left = left[:most], left[most:]
        if named:
            yield text(language, f"galaxy.{part}", brands=listed(language, named))
    yield text(language, "galaxy.end")
