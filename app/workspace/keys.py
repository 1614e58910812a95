"""The keys of a workspace: out of the environment, or of files made at first use."""

import hmac
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from recsys.errors import SettingsError, WorkspaceError


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


PREFIX = "BRANDSWIPE_"
NAMES = ("SIGNING_KEY", "PSEUDONYM_KEY", "LINK_KEY", "CUSTOMER_KEY")
LEAST_KEY = 16  # bytes
KEPT = 2  # keys of a file or a variable: the one in force, and the one before it


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys of 32 bytes or more: losing one must not betray another."""

    signing: bytes  # deck tokens and cookies
    pseudonym: bytes  # subject -> participant
    link: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    """Shared with the shop: subject -> row of the link table, and what its account page signs."""
    customer: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    """Customer id -> what stands for it in the events, and for an erased one in their manifest."""
    former_signing: tuple[bytes, ...] = ()  # tokens of theirs are still read
    former_pseudonym: tuple[bytes, ...] = ()  # rows of theirs are still found by who they are of

    def __repr__(self) -> str:
        """Say nothing: a key must not reach a log."""
        return "Keys(...)"


def read_keys(folder: Path, environ: Mapping[str, str]) -> Keys:
    """Return the keys. Raises SettingsError for keys that are too short or the same."""
    found = [_keys(folder, name, environ) for name in NAMES]
    for (one, first), (other, second) in combinations(zip(NAMES, found, strict=True), 2):
        if hmac.compare_digest(first[0], second[0]):
            raise SettingsError(f"{PREFIX}{one} and {PREFIX}{other} are the same: set two keys.")
    signing, pseudonym, link, customer = found
    return Keys(
        signing[0], pseudonym[0], link[0], customer[0],
        former_signing=signing[1:], former_pseudonym=pseudonym[1:],
    )  # fmt: skip


def turn(folder: Path, name: str, environ: Mapping[str, str], kept: int) -> None:
    """Put a new key in front of `kept` earlier ones.

    Raises SettingsError where the environment says the key.
    """
    if PREFIX + name in environ:
        raise SettingsError(
            f"{PREFIX}{name} sets this key: put a new one in front of it there, and the old one "
            "behind a space, and start the server again."
        )
    _keys(folder, name, environ)
    put_in_front(folder / name.lower(), kept)


def _keys(folder: Path, name: str, environ: Mapping[str, str]) -> tuple[bytes, ...]:
    """Return the keys of a name, the one in force first."""
    given = environ.get(PREFIX + name)
    text = given if given is not None else read_or_make(folder / name.lower())
    keys = tuple(word.encode() for word in text.split()) or (b"",)
    if min(map(len, keys)) < LEAST_KEY or len(keys) > KEPT:
        where = PREFIX + name if given is not None else str(folder / name.lower())
        raise SettingsError(
            f"The key in {where} is shorter than {LEAST_KEY} characters, or there are more than "
            f"{KEPT}: set a longer one, made for instance with `openssl rand -hex 32`."
        )
    return keys
