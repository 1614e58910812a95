"""The Streamlit pages. The folder is not called `pages`: Streamlit would serve its files itself."""
