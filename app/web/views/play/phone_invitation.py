"""Invitation of phones: QR code and URL of a shared demo, else a hint how to share it."""

import segno
import streamlit as st
from streamlit import config

from app.auth.device_pairing import local_address
from app.auth.urls import base_path
from app.presentation.i18n import translate
from app.presentation.templating import render_template
from app.web import runtime
from app.web.views import layout, players

REFRESH_EVERY = "5s"  # a used code is replaced on the screen within this time


def phone_section(language: str) -> None:
    """Show the invitation, only on the computer that runs a planted demo."""
    settings = runtime.settings()
    if not layout.is_local_browser() or not players.available_personas():
        return
    if settings.share:
        st.divider()
        st.subheader(translate(language, "phones.title"))
        _pairing_code(language)
    else:
        st.caption(translate(language, "phones.hint"))


@st.fragment(run_every=REFRESH_EVERY)
def _pairing_code(language: str) -> None:
    host = local_address()
    if host is None:
        st.write(translate(language, "phones.no_network"))
        return
    url = f"http://{host}:{config.get_option('server.port')}{base_path()}pair/{runtime.pairing().code}"
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.html(_qr_code_html(url, translate(language, "phones.alt")), width="content")
        with st.container(width=420):
            st.write(translate(language, "phones.lead"))
            st.caption(translate(language, "phones.typed"))
            st.code(url, language=None, wrap_lines=True)


def _qr_code_html(url: str, alt: str) -> str:
    """Return the QR code, dark on light in both themes, with the quiet zone that cameras need."""
    picture = segno.make(url, error="m").svg_data_uri(border=4, light="#fff", dark="#1E1B2E")
    return render_template("app.web", "pairing_code.html", picture=picture, alt=alt)
