"""Whether what is stored is what was written, and which part of a study is not."""

from collections.abc import Iterable

from app.rows.records import study_of
from app.store import Store
from recsys.study.deck import deck_hash


def what_differs(store: Store) -> list[str]:
    """Name everything in the store that is not what was written."""
    return store.verify(deck_hash, lambda row: study_of(row).hash)


_PARTS = {
    "policy": ("policy", "studies"),
    "model": ("model", "challenger", "papers"),
    "decks": ("deck",),
    "answers": ("swipes", "scores"),
    "invitations": ("invitations", "invited"),
    "decision": ("decisions", "overrides"),
}


def parts_that_differ(differs: Iterable[str]) -> list[str]:
    """Name the parts of a study that these sentences speak of; the chain where they name none."""
    text = " ".join(differs)
    named = [part for part, words in _PARTS.items() if any(word in text for word in words)]
    return named or ["the chain of rows"]
