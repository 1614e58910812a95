"""Her word before anything of hers is read: asked once a wording, kept with its version."""

from functools import cache
from hashlib import sha256

from app.store import Store
from app.words import LANGUAGES, section

WORDS = ("lead", "promise", "read", "kept", "yes", "no")
"""The texts of the welcome that she agrees to."""


@cache
def version() -> str:
    """Return the version of the wording: its hash over every language."""
    said = [section(language, "welcome") for language in LANGUAGES]
    words = "\n".join(texts[key] for texts in said for key in WORDS)
    return sha256(words.encode()).hexdigest()[:12]


def said(store: Store, participant: str) -> bool | None:
    """Return her last word on this wording, or None where she was not asked yet."""
    last = store.consent_of(participant)
    return last.yes if last is not None and last.text_version == version() else None


def note(store: Store, participant: str, yes: bool) -> None:
    """Keep her word."""
    store.consent(participant, version(), yes)
