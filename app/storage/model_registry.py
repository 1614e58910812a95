"""Model versions on disk: WORKSPACE/models/<hash>/, immutable, hashed over all bytes, no pickle."""

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

from app.storage.annotations import Remarks
from app.storage.study_db.database import now_ms
from recsys.errors import IntegrityError, UnknownNameError, WorkspaceError

ALIASES = ("candidate", "champion")
CARD = "model.json"
SHORT = 8  # characters of a hash that a person reads
LEFT_OVER_MS = 3_600_000  # a folder that is written aside lasts seconds
_LEAST = 4  # characters of a hash that name a version
_ARRAY = re.compile(r"[a-z][a-z0-9_]*")
Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Version:
    """One fitted model: what it was made of, and nothing of its arrays."""

    hash: str
    made_at: int  # milliseconds since 1970
    meta: Mapping[str, Any]  # what the model needs to be restored
    facts: Mapping[str, Any]  # data and code version, offline table, times: what people read

    @property
    def name(self) -> str:
        """The short name."""
        return self.hash[:SHORT]


class Registry:
    """The versions of a workspace. Nothing half-written can be loaded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.remarks = Remarks(folder)

    def save(
        self,
        arrays: Arrays,
        meta: Mapping[str, Any],
        facts: Mapping[str, Any] | None = None,
        before: Callable[[str], None] | None = None,
    ) -> Version:
        """Write a version aside, flush it, rename it. Raises WorkspaceError on a full disk.

        `before` is called with its hash when all is written and nothing can be loaded yet.
        """
        aside = self.folder / f".new-{token_hex(8)}"
        try:
            _sweep(self.folder)
            aside.mkdir(parents=True)
            _write(aside, arrays, {"made_at": now_ms(), "meta": meta, "facts": facts or {}})
            hash = folder_hash(aside)
            if before is not None:
                before(hash)
            if not (self.folder / hash).exists():
                aside.rename(self.folder / hash)
                _flush(self.folder)
        except OSError as error:
            raise _unsaved(self.folder, error) from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        return self.version(hash)

    def adopt(self, folder: Path) -> None:
        """Take a version in that lies elsewhere. Raises WorkspaceError on a full disk."""
        hash, aside = folder_hash(folder), self.folder / f".new-{token_hex(8)}"
        if (self.folder / hash).exists():
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            shutil.copytree(folder, aside)
            aside.rename(self.folder / hash)
            _flush(self.folder)
        except OSError as error:
            raise _unsaved(self.folder, error) from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def load(self, name: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return the arrays and the meta of a version. Raises IntegrityError on any other byte."""
        hash = self.check(name)
        folder = self.folder / hash
        arrays = {path.stem: np.load(path, allow_pickle=False) for path in folder.glob("*.npy")}
        return arrays, dict(self.version(hash).meta)

    def check(self, name: str) -> str:
        """Return the hash of a version that is what was saved. Raises IntegrityError otherwise."""
        hash = self.resolve(name)
        folder = self.folder / hash
        if folder_hash(folder) != hash:
            raise IntegrityError(
                f"Model version {hash[:SHORT]} is not what was saved: delete {folder} and fit "
                "again, or restore it from a backup."
            )
        return hash

    def version(self, name: str) -> Version:
        """Return a version by hash, the start of it, alias or tag; arrays are not read."""
        hash = self.resolve(name)
        try:
            card = json.loads((self.folder / hash / CARD).read_text(encoding="utf-8"))
            return Version(hash, card["made_at"], card["meta"], card["facts"])
        except (OSError, ValueError, KeyError, TypeError):
            raise IntegrityError(
                f"Model version {hash[:SHORT]} has no readable {CARD}: "
                "delete its folder and fit again."
            ) from None

    def versions(self) -> list[Version]:
        """Return all versions, the newest first; damaged ones are left out."""
        found = []
        for hash in self._hashes():
            with suppress(IntegrityError):
                found.append(self.version(hash))
        return sorted(found, key=lambda version: (-version.made_at, version.hash))

    def resolve(self, name: str) -> str:
        """Return the hash that a hash, its start (4 characters or more), alias or tag names.

        A tag names a version while one alone has it.
        """
        wanted = self._aliased(name) or self._tagged(name) or name
        found = [hash for hash in self._hashes() if hash.startswith(wanted)]
        if len(wanted) < _LEAST or len(found) != 1:
            known = [
                *self.aliases(),
                *self.remarks.tagged(),
                *(hash[:SHORT] for hash in self._hashes()),
            ]
            raise UnknownNameError("model version", name, known)
        return found[0]

    def point(self, alias: str, name: str) -> None:
        """Let `candidate` or `champion` name a version."""
        if alias not in ALIASES:
            raise UnknownNameError("alias", alias, ALIASES)
        hash, aside = self.resolve(name), self.folder / f".alias-{token_hex(8)}"
        aside.write_text(hash + "\n", encoding="ascii")
        aside.replace(self.folder / alias)

    def aliases(self) -> dict[str, str]:
        """Return alias -> hash for the aliases that point at something."""
        said = {alias: self._aliased(alias) for alias in ALIASES}
        return {alias: hash for alias, hash in said.items() if hash}

    def _aliased(self, name: str) -> str | None:
        path = self.folder / name
        return (
            path.read_text(encoding="ascii").strip() if name in ALIASES and path.is_file() else None
        )

    def _tagged(self, name: str) -> str | None:
        versions = self.remarks.tagged().get(name, set())
        return next(iter(versions)) if len(versions) == 1 else None

    def _hashes(self) -> list[str]:
        return sorted(path.name for path in _folders(self.folder) if len(path.name) == 64)


def _unsaved(folder: Path, error: OSError) -> WorkspaceError:
    return WorkspaceError(
        f"The model could not be saved in {folder} ({error.strerror}): make room or "
        "mend its rights, then fit again; earlier versions are intact."
    )


def _folders(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else iter(())


def _sweep(folder: Path) -> None:
    """Remove what a process that was killed in the middle of saving has left."""
    for path in folder.glob(".new-*"):
        if now_ms() - path.stat().st_mtime * 1000 > LEFT_OVER_MS:
            shutil.rmtree(path, ignore_errors=True)


def _write(folder: Path, arrays: Arrays, card: Mapping[str, Any]) -> None:
    for name, array in arrays.items():
        if not _ARRAY.fullmatch(name) or array.dtype.hasobject:
            raise TypeError(f"array {name!r} of {array.dtype} cannot be stored without pickle")
        with (folder / f"{name}.npy").open("wb") as file:
            np.save(file, array, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
    text = json.dumps(card, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    with (folder / CARD).open("w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())


def _flush(folder: Path) -> None:
    """Make a rename survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def folder_hash(folder: Path) -> str:
    """SHA-256 over the names, lengths and bytes of all files."""
    digest = sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            digest.update(f"{path.relative_to(folder)}\0{len(data)}\0".encode())
            digest.update(data)
    return digest.hexdigest()
