"""My brands: the row that customers would get; a click lists a brand's products."""

import streamlit as st


def page() -> None:
    st.write("soon")
