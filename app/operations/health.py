"""Whether this server can do what it is there for: keep answers, and deal cards."""

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from secrets import token_hex
from typing import Any, TypeVar

from app.storage.study_db.store import Store
from app.study.game import load_game, study_to_play
from app.workspace.json_log import event
from app.workspace.workspace import House
from recsys.errors import BrandswipeError, WorkspaceError

Found = TypeVar("Found")
PROBE = 64 * 1024  # bytes: as much as a post may hold
_log = logging.getLogger("brandswipe")


class UnwellError(BrandswipeError):
    """A part of the server cannot do its work; says nothing that only the operator may know."""

    def __init__(self, part: str) -> None:
        self.part = part
        super().__init__(f"The {part} cannot do its work: see the log, or run `brandswipe doctor`.")


def health(house: House) -> dict[str, Any]:
    """Return what is well, with the versions. Raises UnwellError for a part that is not.

    A model is loaded by being asked for, so that the first visitor does not wait for it.
    """
    _tried("store", lambda: house.store.check())
    _tried("disk", lambda: must_have_room(house.workspace))
    model = _tried("model", lambda: model_state(house))
    return {
        "store": "writable",
        "model": model,
        "versions": {"brandswipe": version("brandswipe"), "store": len(Store.step_names())},
    }


def must_have_room(workspace: Path) -> None:
    """Raise WorkspaceError unless a file of a post's size can be written here."""
    probe = workspace / f".room-{token_hex(8)}"
    try:
        with probe.open("wb") as file:
            file.write(b"\0" * PROBE)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise WorkspaceError(
            f"Nothing can be written to {workspace} ({error.strerror}): make room or mend its disk."
        ) from error
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)


def model_state(house: House) -> str:
    """Return `loaded`, or `none` where there is nothing to play. Raises BrandswipeError."""
    row = study_to_play(house.store)
    if row is None:
        return "none"  # nothing to play yet; the pages say so
    load_game(house, row)
    return "loaded"


def _tried(part: str, work: Callable[[], Found]) -> Found:
    try:
        return work()
    except Exception as error:
        said = str(error) if isinstance(error, BrandswipeError) else type(error).__name__
        _log.error("unwell, the %s: %s", part, said, extra=event("unwell"))
        raise UnwellError(part) from error
