"""The file format of a backup: a tar file of a workspace without its keys, with SHA-256 of files.

The last member is backup.json: an archive without it was cut off.
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

CONTENTS_FILE = "backup.json"
SCHEMA_VERSION = 1
BLOCK_SIZE = 1 << 20


@dataclass(frozen=True, slots=True)
class BackupContents:
    """The content of backup.json."""

    made_at: int  # milliseconds since 1970
    version: str  # of the brandswipe that made the backup
    keys: str  # digest of the keys that made the backup's pseudonyms and links
    files: dict[str, str]  # name -> SHA-256
    schema: int = SCHEMA_VERSION


def contents_to_row(contents: BackupContents) -> dict[str, Any]:
    """Return the contents as backup.json stores them."""
    return {
        "made_at": contents.made_at,
        "version": contents.version,
        "keys": contents.keys,
        "files": contents.files,
        "schema": contents.schema,
    }


def contents_from_row(row: Mapping[str, Any]) -> BackupContents:
    """Return the contents from a backup.json. Raises KeyError for a missing field."""
    return BackupContents(
        made_at=row["made_at"],
        version=row["version"],
        keys=row["keys"],
        files=row["files"],
        schema=row["schema"],
    )


class ArchiveWriter:
    """Adds files to an archive and collects their SHA-256."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.files: dict[str, str] = {}

    def add(self, name: str, path: Path) -> None:
        """Add a file with its current content and size, under `name`."""
        with path.open("rb") as file:
            info = tarfile.TarInfo(name)
            info.size, info.mode = os.fstat(file.fileno()).st_size, 0o600
            reader = _HashingReader(file)
            self._tar.addfile(info, reader)
        self.files[name] = reader.digest.hexdigest()

    def close(self, made_at: int, version: str, keys: str) -> BackupContents:
        """Add backup.json as the last member, and return its content."""
        contents = BackupContents(made_at, version, keys, self.files)
        text = json.dumps(contents_to_row(contents), indent=1, ensure_ascii=False).encode()
        info = tarfile.TarInfo(CONTENTS_FILE)
        info.size, info.mode = len(text), 0o600
        self._tar.addfile(info, io.BytesIO(text))
        return contents


class _HashingReader(io.RawIOBase):
    """A reader that hashes a file while it reads."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data


@contextmanager
def new_archive(path: Path) -> Iterator[ArchiveWriter]:
    """Yield a writer for a temporary archive, then move the archive to `path`; mode 0600.

    No file is overwritten. Raises WorkspaceError if `path` exists or cannot be written.
    """
    temp_path = path.with_name(f".{path.name}.{token_hex(8)}")
    try:
        with (
            os.fdopen(
                os.open(temp_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
            ) as file,
            tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            yield ArchiveWriter(tar)
            tar.close()
            file.flush()
            os.fsync(file.fileno())
        os.link(temp_path, path)  # unlike a rename, a link never replaces another backup
    except FileExistsError:
        raise WorkspaceError(f"{path} is there already: name another file.") from None
    except OSError as error:
        raise WorkspaceError(
            f"The backup {path} could not be written ({error.strerror}): make room or mend its "
            "rights, then try again; the workspace is as it was."
        ) from error
    finally:
        temp_path.unlink(missing_ok=True)


def read_archive(path: Path, target: Path | None = None) -> BackupContents:
    """Check every hash of an archive, and unpack it into the folder `target` if there is one.

    Raises IntegrityError if the file is not a complete and unchanged backup, WorkspaceError if it
    cannot be read or unpacked, or was made by a newer version.
    """
    try:
        with tarfile.open(path, "r:") as tar:
            return _read_members(tar, path, target)
    except (tarfile.TarError, EOFError) as error:
        raise IntegrityError(f"{path} is no whole backup ({error}): take another one.") from None
    except OSError as error:
        raise WorkspaceError(
            f"The backup {path} cannot be unpacked ({error.strerror or error}): make room or mend "
            "its rights."
        ) from error


def _read_members(tar: tarfile.TarFile, path: Path, target: Path | None) -> BackupContents:
    digests: dict[str, str] = {}
    contents: BackupContents | None = None
    for member in tar:
        source = tar.extractfile(member) if member.isfile() and _is_inside(member.name) else None
        if source is None or member.name in digests or contents is not None:
            raise IntegrityError(f"{path} holds {member.name!r}, which no backup holds: not ours.")
        if member.name == CONTENTS_FILE:
            contents = _parse_contents(source.read(BLOCK_SIZE * 64), path)
        else:
            digests[member.name] = _hash_and_copy(source, target and target / member.name)
    if contents is None:
        raise IntegrityError(f"{path} is cut off: take another backup.")
    _check_digests(digests, contents.files, path)
    return contents


def _is_inside(name: str) -> bool:
    parts = Path(name).parts
    return bool(parts) and not Path(name).is_absolute() and ".." not in parts


def _hash_and_copy(source: IO[bytes], target: Path | None) -> str:
    digest = hashlib.sha256()
    if target is None:
        while block := source.read(BLOCK_SIZE):
            digest.update(block)
        return digest.hexdigest()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while block := source.read(BLOCK_SIZE):
            digest.update(block)
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _parse_contents(text: bytes, path: Path) -> BackupContents:
    try:
        parsed: dict[str, Any] = json.loads(text)
        newer = parsed["schema"] > SCHEMA_VERSION
        contents = None if newer else contents_from_row(parsed)
    except (ValueError, KeyError, TypeError):
        raise IntegrityError(
            f"{path} has a {CONTENTS_FILE} that cannot be read: take another."
        ) from None
    if contents is None:
        raise WorkspaceError(f"{path} was made by a newer brandswipe: install that one.")
    return contents


def _check_digests(actual: dict[str, str], expected: dict[str, str], path: Path) -> None:
    names = sorted(actual.keys() | expected.keys())
    differs = [name for name in names if actual.get(name) != expected.get(name)]
    if differs:
        raise IntegrityError(
            f"{path} is not what was written: {', '.join(differs[:5])} "
            f"{'differs' if len(differs) == 1 else 'differ'}. Take another backup."
        )
