"""Health of the server: whether it can store answers and deal decks."""

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from secrets import token_hex
from typing import Any, TypeVar

from app.storage.study_db.database import migration_names
from app.study.game import load_game, study_to_play
from app.workspace.json_log import log_extra
from app.workspace.workspace import Workspace
from recsys.errors import BrandswipeError, WorkspaceError

Result = TypeVar("Result")
PROBE_BYTES = 64 * 1024  # the largest allowed post
_log = logging.getLogger("brandswipe")


class UnhealthyError(BrandswipeError):
    """A part of the server does not work. The text has nothing that only operators may know."""

    def __init__(self, part: str) -> None:
        self.part = part
        super().__init__(f"The {part} cannot do its work: see the log, or run `brandswipe doctor`.")


def check_health(workspace: Workspace) -> dict[str, Any]:
    """Return the state of each part, and the versions. Raises UnhealthyError if a part fails.

    The check loads the model, so that the first visitor does not wait for it.
    """
    _check_part("store", lambda: workspace.store.db.check_writable())
    _check_part("disk", lambda: check_disk_writable(workspace.folder))
    model = _check_part("model", lambda: model_state(workspace))
    return {
        "store": "writable",
        "model": model,
        "versions": {
            "brandswipe": version("brandswipe"),
            "store": len(migration_names()),
        },
    }


def check_disk_writable(workspace: Path) -> None:
    """Raise WorkspaceError unless a file of PROBE_BYTES can be written in this folder."""
    probe = workspace / f".room-{token_hex(8)}"
    try:
        with probe.open("wb") as file:
            file.write(b"\0" * PROBE_BYTES)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise WorkspaceError(
            f"Nothing can be written to {workspace} ({error.strerror}): make room or mend its disk."
        ) from error
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)


def model_state(workspace: Workspace) -> str:
    """Return `loaded`, or `none` without a study to play. Raises BrandswipeError if it fails."""
    row = study_to_play(workspace.store)
    if row is None:
        return "none"  # nothing to play yet; the pages say so
    load_game(workspace, row)
    return "loaded"


def _check_part(part: str, check: Callable[[], Result]) -> Result:
    try:
        return check()
    except Exception as error:
        message = str(error) if isinstance(error, BrandswipeError) else type(error).__name__
        _log.error("unwell, the %s: %s", part, message, extra=log_extra("unwell"))
        raise UnhealthyError(part) from error
