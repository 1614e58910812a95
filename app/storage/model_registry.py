"""Registry of immutable model versions in WORKSPACE/models/<hash of all bytes>/, without pickle."""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.storage.annotations import Annotations
from app.storage.study_db.database import now_ms
from recsys.errors import IntegrityError, UnknownNameError, WorkspaceError

ALIASES = ("candidate", "champion")
MODEL_FILE = "model.json"
SHORT_HASH = 8  # characters of a hash that people see
STALE_MS = 3_600_000  # age at which a temporary folder is a leftover; a save takes seconds
_MIN_PREFIX = 4  # characters; a shorter prefix names no version
_ARRAY_NAME = re.compile(r"[a-z][a-z0-9_]*")
Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """Metadata of one model version, without its arrays."""

    hash: str
    made_at: int  # milliseconds since 1970
    meta: Mapping[str, Any]  # what restoring the model needs
    facts: Mapping[str, Any]  # for people: data and code version, offline metrics, times

    @property
    def name(self) -> str:
        """Short name: the first characters of the hash."""
        return self.hash[:SHORT_HASH]


class ModelRegistry:
    """The model versions of a workspace. A version is saved atomically."""

    def __init__(self, folder: Path, clock: Callable[[], int] = now_ms) -> None:
        self.folder = folder
        self.clock = clock
        self.annotations = Annotations(folder)

    def save(
        self,
        arrays: Arrays,
        meta: Mapping[str, Any],
        facts: Mapping[str, Any] | None = None,
        before_publish: Callable[[str], None] | None = None,
    ) -> ModelVersion:
        """Write a version to a temporary folder, fsync, rename; return it.

        `before_publish` is called with the hash after writing and before the version can be loaded.
        Raises WorkspaceError if writing fails, for example on a full disk.
        """
        temp_path = self.folder / f".new-{token_hex(8)}"
        try:
            _remove_stale(self.folder, self.clock())
            temp_path.mkdir(parents=True)
            _write_files(
                temp_path, arrays, {"made_at": self.clock(), "meta": meta, "facts": facts or {}}
            )
            hash = folder_hash(temp_path)
            if before_publish is not None:
                before_publish(hash)
            if not (self.folder / hash).exists():
                temp_path.rename(self.folder / hash)
                _sync_folder(self.folder)
        except OSError as error:
            raise _save_error(self.folder, error) from error
        finally:
            shutil.rmtree(temp_path, ignore_errors=True)
        return self.version(hash)

    def import_folder(self, folder: Path) -> None:
        """Copy a version from another folder. Raises WorkspaceError if writing fails."""
        hash, temp_path = folder_hash(folder), self.folder / f".new-{token_hex(8)}"
        if (self.folder / hash).exists():
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            shutil.copytree(folder, temp_path)
            temp_path.rename(self.folder / hash)
            _sync_folder(self.folder)
        except OSError as error:
            raise _save_error(self.folder, error) from error
        finally:
            shutil.rmtree(temp_path, ignore_errors=True)

    def load(self, name: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return (arrays, meta) of a version. Raises IntegrityError if any byte has changed."""
        hash = self.check(name)
        folder = self.folder / hash
        arrays = {path.stem: np.load(path, allow_pickle=False) for path in folder.glob("*.npy")}
        return arrays, dict(self.version(hash).meta)

    def check(self, name: str) -> str:
        """Verify a version's bytes and return its hash. Raises IntegrityError if they differ."""
        hash = self.resolve(name)
        folder = self.folder / hash
        if folder_hash(folder) != hash:
            raise IntegrityError(
                f"Model version {hash[:SHORT_HASH]} is not what was saved: delete {folder} and fit "
                "again, or restore it from a backup."
            )
        return hash

    def version(self, name: str) -> ModelVersion:
        """Return the metadata of a version by hash, hash prefix, alias or tag.

        Raises UnknownNameError for another name, IntegrityError if the metadata is unreadable.
        """
        hash = self.resolve(name)
        try:
            card = json.loads((self.folder / hash / MODEL_FILE).read_text(encoding="utf-8"))
            return ModelVersion(hash, card["made_at"], card["meta"], card["facts"])
        except (OSError, ValueError, KeyError, TypeError):
            raise IntegrityError(
                f"Model version {hash[:SHORT_HASH]} has no readable {MODEL_FILE}: "
                "delete its folder and fit again."
            ) from None

    def versions(self) -> list[ModelVersion]:
        """Return all versions, newest first, without those with unreadable metadata."""
        readable = []
        for hash in self._hashes():
            with suppress(IntegrityError):
                readable.append(self.version(hash))
        return sorted(readable, key=lambda version: (-version.made_at, version.hash))

    def resolve(self, name: str) -> str:
        """Return the hash for a hash, a hash prefix (at least 4 characters), an alias or a tag.

        A tag is valid only while exactly one version has it. Raises UnknownNameError if the name
        fits no version or several.
        """
        prefix = self._alias_target(name) or self._tag_target(name) or name
        matches = [hash for hash in self._hashes() if hash.startswith(prefix)]
        if len(prefix) < _MIN_PREFIX or len(matches) != 1:
            known_names = [
                *self.aliases(),
                *self.annotations.versions_by_tag(),
                *(hash[:SHORT_HASH] for hash in self._hashes()),
            ]
            raise UnknownNameError("model version", name, known_names)
        return matches[0]

    def set_alias(self, alias: str, name: str) -> None:
        """Point `candidate` or `champion` at a version. Raises UnknownNameError for other names."""
        if alias not in ALIASES:
            raise UnknownNameError("alias", alias, ALIASES)
        hash, temp_path = self.resolve(name), self.folder / f".alias-{token_hex(8)}"
        temp_path.write_text(hash + "\n", encoding="ascii")
        temp_path.replace(self.folder / alias)

    def aliases(self) -> dict[str, str]:
        """Return alias -> hash for the aliases that are set."""
        targets = {alias: self._alias_target(alias) for alias in ALIASES}
        return {alias: hash for alias, hash in targets.items() if hash}

    def _alias_target(self, name: str) -> str | None:
        path = self.folder / name
        return (
            path.read_text(encoding="ascii").strip() if name in ALIASES and path.is_file() else None
        )

    def _tag_target(self, name: str) -> str | None:
        versions = self.annotations.versions_by_tag().get(name, set())
        return next(iter(versions)) if len(versions) == 1 else None

    def _hashes(self) -> list[str]:
        return sorted(path.name for path in _folders(self.folder) if len(path.name) == 64)


def _save_error(folder: Path, error: OSError) -> WorkspaceError:
    return WorkspaceError(
        f"The model could not be saved in {folder} ({error.strerror}): make room or "
        "correct its permissions, then fit again; earlier versions are intact."
    )


def _folders(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else iter(())


def _remove_stale(folder: Path, now: int) -> None:
    """Remove temporary folders of processes that were killed during a save."""
    for path in folder.glob(".new-*"):
        if now - path.stat().st_mtime * 1000 > STALE_MS:
            shutil.rmtree(path, ignore_errors=True)


def _write_files(folder: Path, arrays: Arrays, card: Mapping[str, Any]) -> None:
    for name, array in arrays.items():
        if not _ARRAY_NAME.fullmatch(name) or array.dtype.hasobject:
            raise TypeError(f"array {name!r} of {array.dtype} cannot be stored without pickle")
        with (folder / f"{name}.npy").open("wb") as file:
            np.save(file, array, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
    text = json.dumps(card, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    with (folder / MODEL_FILE).open("w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Fsync a folder, so that a rename in it survives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def folder_hash(folder: Path) -> str:
    """Return the SHA-256 over the names, lengths and bytes of all files."""
    digest = sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            digest.update(f"{path.relative_to(folder)}\0{len(data)}\0".encode())
            digest.update(data)
    return digest.hexdigest()
