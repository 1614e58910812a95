"""Shared parts of all components: registration from plain files, and card face data."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from app.auth.urls import base_path
from recsys.study.deck import Face

_FOLDER = Path(__file__).parent


def register_component(name: str, file: str, *scripts: str, styles: Sequence[str] = ()) -> Any:
    """Register a Streamlit component.

    Parameters
    ----------
    name : name in Streamlit without `brandswipe_`; it never changes, because browsers store it
    file : folder and stem of the component's own html, css and js
    scripts, styles : stems of further files, after `shared/base` and `shared/brand_tile`
    """
    return st.components.v2.component(
        f"brandswipe_{name}",
        html=_read_sources("html", file),
        css=_read_sources("css", "shared/brand_tile", *styles, file),
        js=_read_sources("js", "shared/base", "shared/brand_tile", *scripts, file),
    )


def face_data(face: Face) -> dict[str, object]:
    """Return a card face as JSON data, with the URL of its picture."""
    return {
        "position": face.position,
        "brand": face.brand,
        "picture": face.picture and f"{base_path()}pictures/{face.picture}.webp",
        "category": face.category,
        "products": face.products,
    }


def no_callback() -> None:
    """Do nothing; with a callback, Streamlit sets the result attribute before any event."""


def _read_sources(kind: str, *names: str) -> str:
    """Return the joined files without indentation, empty lines and comment lines."""
    joined = "\n".join((_FOLDER / f"{name}.{kind}").read_text("utf-8") for name in names)
    lines = (line.strip() for line in joined.splitlines())
    kept = "\n".join(line for line in lines if line and not line.startswith(("//", "/*")))
    return _tight_css(kept) if kind == "css" else kept.replace(" => ", "=>")


def _tight_css(css: str) -> str:
    """Remove spaces, line breaks and semicolons that a browser does not need."""
    return re.sub(r"[ ;\n]+(?=})|([:;,{])\s+|(})\s+(?!@)| +(?={)", r"\1\2", css)
