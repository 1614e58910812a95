"""The Streamlit pages. Not named `pages`, because Streamlit serves files in such a folder."""
