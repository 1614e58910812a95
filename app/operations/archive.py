"""A backup: one tar file of a workspace, its keys left out, each file with its SHA-256.

The last member is backup.json, so that a file without it was cut off.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import IO, Any

from recsys.errors import IntegrityError, WorkspaceError

LIST = "backup.json"
SCHEMA = 1
BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Contents:
    """What backup.json says."""

    made_at: int  # milliseconds since 1970
    version: str  # of the brandswipe that made it
    keys: str  # a digest of the keys that its pseudonyms and links were made with
    files: dict[str, str]  # name -> SHA-256
    schema: int = SCHEMA


def contents_to_row(contents: Contents) -> dict[str, Any]:
    """Return what backup.json says."""
    return {
        "made_at": contents.made_at,
        "version": contents.version,
        "keys": contents.keys,
        "files": contents.files,
        "schema": contents.schema,
    }


def contents_from_row(row: Mapping[str, Any]) -> Contents:
    """Return what a backup.json said. Raises KeyError for what it must say and does not."""
    return Contents(
        made_at=row["made_at"],
        version=row["version"],
        keys=row["keys"],
        files=row["files"],
        schema=row["schema"],
    )


class Writer:
    """Adds files to an archive and remembers their hashes."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.files: dict[str, str] = {}

    def add(self, name: str, path: Path) -> None:
        """Add a file as it is now."""
        with path.open("rb") as file:
            head = tarfile.TarInfo(name)
            head.size, head.mode = os.fstat(file.fileno()).st_size, 0o600
            read = _Hashing(file)
            self._tar.addfile(head, read)
        self.files[name] = read.digest.hexdigest()

    def close(self, made_at: int, version: str, keys: str) -> Contents:
        """Add backup.json."""
        said = Contents(made_at, version, keys, self.files)
        text = json.dumps(contents_to_row(said), indent=1, ensure_ascii=False).encode()
        head = tarfile.TarInfo(LIST)
        head.size, head.mode = len(text), 0o600
        self._tar.addfile(head, io.BytesIO(text))
        return said


class _Hashing(io.RawIOBase):
    """A file that is hashed while it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """Write an archive aside and put it in its place whole; mode 0600. Nothing is overwritten.

    Raises WorkspaceError where there is one already, and where the disk says no.
    """
    aside = path.with_name(f".{path.name}.{token_hex(8)}")
    try:
        with (
            os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file,
            tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            yield Writer(tar)
            tar.close()
            file.flush()
            os.fsync(file.fileno())
        os.link(aside, path)  # unlike a rename it never takes the place of another backup
    except FileExistsError:
        raise WorkspaceError(f"{path} is there already: name another file.") from None
    except OSError as error:
        raise WorkspaceError(
            f"The backup {path} could not be written ({error.strerror}): make room or mend its "
            "rights, then try again; the workspace is as it was."
        ) from error
    finally:
        aside.unlink(missing_ok=True)


def read(path: Path, into: Path | None = None) -> Contents:
    """Check every hash of an archive, and unpack it `into` a folder if one is given.

    Raises WorkspaceError for a file that is no backup, IntegrityError for one that is not what was
    written.
    """
    try:
        with tarfile.open(path, "r:") as tar:
            return _read(tar, path, into)
    except (tarfile.TarError, EOFError) as error:
        raise IntegrityError(f"{path} is no whole backup ({error}): take another one.") from None
    except OSError as error:
        raise WorkspaceError(
            f"The backup {path} cannot be unpacked ({error.strerror or error}): make room or mend "
            "its rights."
        ) from error


def _read(tar: tarfile.TarFile, path: Path, into: Path | None) -> Contents:
    found: dict[str, str] = {}
    said: Contents | None = None
    for member in tar:
        source = tar.extractfile(member) if member.isfile() and _is_inside(member.name) else None
        if source is None or member.name in found or said is not None:
            raise IntegrityError(f"{path} holds {member.name!r}, which no backup holds: not ours.")
        if member.name == LIST:
            said = _contents(source.read(BLOCK * 64), path)
        else:
            found[member.name] = _copied(source, into and into / member.name)
    if said is None:
        raise IntegrityError(f"{path} is cut off: take another backup.")
    _must_agree(found, said.files, path)
    return said


def _is_inside(name: str) -> bool:
    parts = Path(name).parts
    return bool(parts) and not Path(name).is_absolute() and ".." not in parts


def _copied(source: IO[bytes], to: Path | None) -> str:
    digest = hashlib.sha256()
    if to is None:
        while block := source.read(BLOCK):
            digest.update(block)
        return digest.hexdigest()
    to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while block := source.read(BLOCK):
            digest.update(block)
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _contents(text: bytes, path: Path) -> Contents:
    try:
        said: dict[str, Any] = json.loads(text)
        newer = said["schema"] > SCHEMA
        contents = None if newer else contents_from_row(said)
    except (ValueError, KeyError, TypeError):
        raise IntegrityError(f"{path} has a {LIST} that cannot be read: take another.") from None
    if contents is None:
        raise WorkspaceError(f"{path} was made by a newer brandswipe: install that one.")
    return contents


def _must_agree(found: dict[str, str], said: dict[str, str], path: Path) -> None:
    names = sorted(found.keys() | said.keys())
    differs = [name for name in names if found.get(name) != said.get(name)]
    if differs:
        raise IntegrityError(
            f"{path} is not what was written: {', '.join(differs[:5])} "
            f"{'differs' if len(differs) == 1 else 'differ'}. Take another backup."
        )
