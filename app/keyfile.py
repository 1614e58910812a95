"""A key in a file of its own, that its owner alone can read."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from recsys.errors import WorkspaceError


def read_or_make(path: Path) -> str:
    """Return the key in the file; where there is none, make it without ever half-writing it."""
    try:
        if not path.exists():
            for folder in (path.parent.parent, path.parent):  # parents would not get the mode
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make(path)
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise WorkspaceError(f"The key {path} cannot be used ({error}): mend its rights.") from None


def put_in_front(path: Path, kept: int) -> None:
    """Put a new key in front of the first `kept` of the file's, all at once."""
    try:
        words = [secrets.token_hex(32), *path.read_text(encoding="ascii").split()[:kept]]
        with _aside(path, "\n".join(words)) as aside:
            aside.replace(path)
    except OSError as error:
        raise WorkspaceError(f"The key {path} cannot be used ({error}): mend its rights.") from None


def _make(path: Path) -> None:
    with _aside(path, secrets.token_hex(32)) as aside, suppress(FileExistsError):
        os.link(aside, path)  # where another process was first, its key is the key


@contextmanager
def _aside(path: Path, text: str) -> Iterator[Path]:
    """Write a file beside another one, safely on disk and its owner's alone."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield aside
    finally:
        aside.unlink(missing_ok=True)
