"""Where the server's own routes stand: under the path prefix, if there is one."""

from streamlit import config


def home() -> str:
    """Return the path that all of ours starts with, slashes at both ends."""
    prefix = str(config.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{prefix}/" if prefix else "/"
