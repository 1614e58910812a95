"""The Streamlit components of the game: plain html, css and js beside thin Python wrappers."""
