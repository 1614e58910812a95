"""A page that says where she stands, and the way on."""

import streamlit as st

from app.words import text


def show(language: str, state: str, *ways: str, **values: object) -> str | None:
    """Say a state in its own words; return the way on that was pressed."""
    st.title(text(language, f"state.{state}_title"))
    st.write(text(language, f"state.{state}", **values))
    with st.container(horizontal=True):
        pressed = [
            way
            for n, way in enumerate(ways)
            if st.button(
                text(language, f"state.way_{way}"),
                key=f"{state}_{way}",
                type="secondary" if n else "primary",
            )
        ]
    return next(iter(pressed), None)
