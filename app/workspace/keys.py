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


def read_or_create(path: Path) -> str:
    """Return the key in the file; where there is none, make it without ever half-writing it."""
    try:
        if not path.exists():
            for folder in (path.parent.parent, path.parent):  # parents would not get the mode
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _create_key_file(path)
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise WorkspaceError(f"The key {path} cannot be used ({error}): mend its rights.") from None


def prepend_key(path: Path, keep: int) -> None:
    """Put a new key in front of the first `keep` of the file's, all at once."""
    try:
        keys = [secrets.token_hex(32), *path.read_text(encoding="ascii").split()[:keep]]
        with _temp_file(path, "\n".join(keys)) as temp_path:
            temp_path.replace(path)
    except OSError as error:
        raise WorkspaceError(f"The key {path} cannot be used ({error}): mend its rights.") from None


def _create_key_file(path: Path) -> None:
    with _temp_file(path, secrets.token_hex(32)) as temp_path, suppress(FileExistsError):
        os.link(temp_path, path)  # where another process was first, its key is the key


@contextmanager
def _temp_file(path: Path, text: str) -> Iterator[Path]:
    """Write a file beside another one, safely on disk and its owner's alone."""
    temp_path = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(
            os.open(temp_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w"
        ) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield temp_path
    finally:
        temp_path.unlink(missing_ok=True)


ENV_PREFIX = "BRANDSWIPE_"
KEY_NAMES = ("SIGNING_KEY", "PSEUDONYM_KEY", "LINK_KEY", "CUSTOMER_KEY")
MIN_KEY_LENGTH = 16  # bytes
MAX_KEYS = 2  # keys of a file or a variable: the one in force, and the one before it


@dataclass(frozen=True, slots=True)
class SecretKeys:
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


def read_keys(folder: Path, environ: Mapping[str, str]) -> SecretKeys:
    """Return the keys. Raises SettingsError for keys that are too short or the same."""
    key_lists = [_read_key(folder, name, environ) for name in KEY_NAMES]
    for (first_name, first), (second_name, second) in combinations(
        zip(KEY_NAMES, key_lists, strict=True), 2
    ):
        if hmac.compare_digest(first[0], second[0]):
            raise SettingsError(
                f"{ENV_PREFIX}{first_name} and {ENV_PREFIX}{second_name} are the same: set two "
                "keys."
            )
    signing, pseudonym, link, customer = key_lists
    return SecretKeys(
        signing[0], pseudonym[0], link[0], customer[0],
        former_signing=signing[1:], former_pseudonym=pseudonym[1:],
    )  # fmt: skip


def rotate_key_file(folder: Path, name: str, environ: Mapping[str, str], keep: int) -> None:
    """Put a new key in front of `keep` earlier ones.

    Raises SettingsError where the environment says the key.
    """
    if ENV_PREFIX + name in environ:
        raise SettingsError(
            f"{ENV_PREFIX}{name} sets this key: put a new one in front of it there, and the "
            "old one "
            "behind a space, and start the server again."
        )
    _read_key(folder, name, environ)
    prepend_key(folder / name.lower(), keep)


def _read_key(folder: Path, name: str, environ: Mapping[str, str]) -> tuple[bytes, ...]:
    """Return the keys of a name, the one in force first."""
    env_value = environ.get(ENV_PREFIX + name)
    text = env_value if env_value is not None else read_or_create(folder / name.lower())
    keys = tuple(word.encode() for word in text.split()) or (b"",)
    if min(map(len, keys)) < MIN_KEY_LENGTH or len(keys) > MAX_KEYS:
        place = ENV_PREFIX + name if env_value is not None else str(folder / name.lower())
        raise SettingsError(
            f"The key in {place} is shorter than {MIN_KEY_LENGTH} characters, or there are "
            "more than "
            f"{MAX_KEYS}: set a longer one, made for instance with `openssl rand -hex 32`."
        )
    return keys
