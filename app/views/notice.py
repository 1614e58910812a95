"""A page that says where she stands, and the way on."""

import streamlit as st

from app.words import text

_CARDS = '<div class="fan" aria-hidden="true"><i></i><i></i><i></i></div>'  # cards face down


def show(language: str, state: str, *ways: str, **values: object) -> str | None:
    """Say a state in its own words; return the way on that was pressed."""
    with st.container(key="notice"):
        st.html(_CARDS)
        st.title(text(language, f"state.{state}_title"), anchor=False, text_alignment="center")
        st.markdown(text(language, f"state.{state}", **values), text_alignment="center")
        with st.container(horizontal=True, horizontal_alignment="center"):
            pressed = [way for n, way in enumerate(ways) if _pressed(language, state, way, n == 0)]
    return next(iter(pressed), None)


def _pressed(language: str, state: str, way: str, first: bool) -> bool:
    label = text(language, f"state.way_{way}")
    return st.button(label, key=f"{state}_{way}", type="primary" if first else "secondary")
