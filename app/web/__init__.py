"""The server: HTTP routes, the swipe route, middleware, and the Streamlit pages."""
