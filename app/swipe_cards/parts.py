"""What every component is made of: its plain files, and the face of a brand."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from app.auth.urls import home
from recsys.study.deck import Face

_HERE = Path(__file__).parent


def component(name: str, *scripts: str, styles: Sequence[str] = ()) -> Any:
    """Register the component of these files; `base` and `tile` are in front of each."""
    return st.components.v2.component(
        f"brandswipe_{name}",
        html=_text("html", name),
        css=_text("css", "tile", *styles, name),
        js=_text("js", "base", "tile", *scripts, name),
    )


def shown(face: Face) -> dict[str, object]:
    """Return a face with the address of its picture."""
    return {
        "position": face.position,
        "brand": face.brand,
        "picture": face.picture and f"{home()}pictures/{face.picture}.webp",
        "category": face.category,
        "products": face.products,
    }


def nothing() -> None:
    """Make Streamlit give the result its attribute even before the first event."""


def _text(kind: str, *names: str) -> str:
    """Return files as one, without what only their readers need: indentation, lines of comment."""
    whole = "\n".join((_HERE / f"{name}.{kind}").read_text("utf-8") for name in names)
    lines = (line.strip() for line in whole.splitlines())
    kept = "\n".join(line for line in lines if line and not line.startswith(("//", "/*")))
    return _tight_css(kept) if kind == "css" else kept.replace(" => ", "=>")


def _tight_css(css: str) -> str:
    """Drop spaces, line breaks and semicolons that a browser does not need."""
    return re.sub(r"[ ;\n]+(?=})|([:;,{])\s+|(})\s+(?!@)| +(?={)", r"\1\2", css)
