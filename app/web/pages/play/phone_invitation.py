"""The way onto a phone: a code and an address on a shared demo, else how to share it."""

import segno
import streamlit as st
from streamlit import config

from app.auth.device_pairing import local_address
from app.auth.urls import home
from app.presentation.i18n import text
from app.web import runtime
from app.web.pages import layout, session

LOOK = "5s"  # a code that a phone has used is replaced on the screen within this time
_SIDE = 13  # rem


def phone_section(language: str) -> None:
    """Invite phones, on the computer that runs a planted demo and nowhere else."""
    settings = runtime.settings()
    if not layout.at_home() or not session.personas():
        return
    if settings.share:
        st.divider()
        st.subheader(text(language, "phones.title"))
        _code(language)
    else:
        st.caption(text(language, "phones.hint"))


@st.fragment(run_every=LOOK)
def _code(language: str) -> None:
    host = local_address()
    if host is None:
        st.write(text(language, "phones.no_network"))
        return
    url = f"http://{host}:{config.get_option('server.port')}{home()}pair/{runtime.pairing().code}"
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.html(_picture(url, text(language, "phones.alt")), width="content")
        with st.container(width=420):
            st.write(text(language, "phones.lead"))
            st.caption(text(language, "phones.typed"))
            st.code(url, language=None, wrap_lines=True)


def _picture(url: str, alt: str) -> str:
    """Dark on light in both themes, with the quiet zone that a camera needs."""
    drawn = segno.make(url, error="m").svg_data_uri(border=4, light="#fff", dark="#1E1B2E")
    return (
        f'<img src="{drawn}" alt="{alt}" '
        f'style="width:{_SIDE}rem;height:{_SIDE}rem;border-radius:14px;display:block">'
    )
