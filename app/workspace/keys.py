"""The secret keys of a workspace: from the environment, or from files made at first use."""

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
    """Return the text of a key file. If there is no file, first create it atomically."""
    try:
        if not path.exists():
            for folder in (path.parent.parent, path.parent):  # mkdir gives no mode to parents
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _create_key_file(path)
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise WorkspaceError(
            f"The key {path} cannot be used ({error}): correct its permissions."
        ) from None


def prepend_key(path: Path, keep: int) -> None:
    """Put a new key before the first `keep` keys of a file; replace the file atomically."""
    try:
        keys = [secrets.token_hex(32), *path.read_text(encoding="ascii").split()[:keep]]
        with _temp_file(path, "\n".join(keys)) as temp_path:
            temp_path.replace(path)
    except OSError as error:
        raise WorkspaceError(
            f"The key {path} cannot be used ({error}): correct its permissions."
        ) from None


def _create_key_file(path: Path) -> None:
    with _temp_file(path, secrets.token_hex(32)) as temp_path, suppress(FileExistsError):
        os.link(temp_path, path)  # if another process was first, its key counts


@contextmanager
def _temp_file(path: Path, text: str) -> Iterator[Path]:
    """Write a temporary file beside `path`, flushed to disk and with mode 0600."""
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
MAX_KEYS = 2  # in a file or a variable: the current key, and the one before it


@dataclass(frozen=True, slots=True)
class SecretKeys:
    """One key for each purpose, so that a leaked key does not reveal another.

    A key that the program makes has 32 random bytes; one that is set has MIN_KEY_LENGTH or more.
    """

    signing: bytes  # signs deck tokens and cookies
    pseudonym: bytes  # HMAC key: subject of the login -> participant id in the study database
    link: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    """HMAC key, shared with the shop: subject or e-mail address -> key of a link table row. The
    shop also signs the statements of its account page with it."""
    customer: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    """HMAC key: customer id -> hashed id in the event store, and -> tombstone. A tombstone marks an
    erased customer in the manifest of the event store."""
    former_signing: tuple[bytes, ...] = ()  # tokens signed with these keys are still accepted
    former_pseudonym: tuple[bytes, ...] = ()  # rows with ids made by these keys are still found

    def __repr__(self) -> str:
        """Return a constant text, so that no key reaches a log."""
        return "Keys(...)"


def read_keys(folder: Path, environ: Mapping[str, str]) -> SecretKeys:
    """Return the keys. Raises SettingsError if a key is too short or two are the same."""
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
    """Put a new key before the first `keep` keys of a key file.

    Raises SettingsError if an environment variable sets the key.
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
    """Return the keys of a name, the current one first."""
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
