"""What people write beside model versions: notes and tags. Lines are added, never changed."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.storage.study_db.database import now_ms
from recsys.errors import BadInputError, IntegrityError, WorkspaceError

FILE = "remarks.jsonl"
LONGEST = 500  # characters of a note
_TAG = re.compile(r"[a-z][a-z0-9._-]{0,39}")
_HASH_LIKE = re.compile(r"[0-9a-f]{4,64}")
NOTE, TAG, UNTAG = "note", "tag", "untag"


@dataclass(frozen=True, slots=True)
class Remark:
    """One line: what was said of which version, and when."""

    version: str  # hash
    kind: str  # note, tag or untag
    text: str
    at: int  # milliseconds since 1970


def remark_to_row(remark: Remark) -> dict[str, Any]:
    """Return a remark as its line says it."""
    return {
        "version": remark.version,
        "kind": remark.kind,
        "text": remark.text,
        "at": remark.at,
    }


def remark_from_row(row: Mapping[str, Any]) -> Remark:
    """Return the remark of a line. Raises KeyError where the line is no remark."""
    return Remark(version=row["version"], kind=row["kind"], text=row["text"], at=row["at"])


class Remarks:
    """Notes and tags of the versions in one folder of models."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    def note(self, version: str, text: str) -> Remark:
        """Add a note. Raises BadInputError for an empty one or one that is too long."""
        said = " ".join(text.split())
        if not 0 < len(said) <= LONGEST:
            raise BadInputError(f"A note has 1 to {LONGEST} characters; this one has {len(said)}.")
        return self._add(Remark(version, NOTE, said, now_ms()))

    def tag(self, version: str, name: str) -> Remark:
        """Tag a version. Raises BadInputError for a name that cannot be one."""
        return self._add(Remark(version, TAG, checked_tag(name), now_ms()))

    def untag(self, version: str, name: str) -> Remark:
        """Take a tag off a version. Raises BadInputError where it has no such tag."""
        if name not in self.tags(version):
            raise BadInputError(f"This version has no tag {name!r}.")
        return self._add(Remark(version, UNTAG, name, now_ms()))

    def notes(self, version: str) -> list[Remark]:
        """The notes of a version, oldest first."""
        return [line for line in self._lines() if line.version == version and line.kind == NOTE]

    def tags(self, version: str) -> list[str]:
        """The tags of a version that stand, in order."""
        return sorted(name for name, versions in self.tagged().items() if version in versions)

    def tagged(self) -> dict[str, set[str]]:
        """Tag -> hashes of the versions that have it."""
        found: dict[str, set[str]] = {}
        for line in self._lines():
            if line.kind == TAG:
                found.setdefault(line.text, set()).add(line.version)
            elif line.kind == UNTAG:
                found.get(line.text, set()).discard(line.version)
        return {name: versions for name, versions in found.items() if versions}

    def _add(self, remark: Remark) -> Remark:
        line = json.dumps(remark_to_row(remark), ensure_ascii=False) + "\n"
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(handle, line.encode())  # one write: two at once do not mix
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise WorkspaceError(
                f"The remark could not be kept in {self.path.parent} ({error.strerror}): make room "
                "and write it again."
            ) from error
        return remark

    def _lines(self) -> Iterator[Remark]:
        if not self.path.is_file():
            return
        for number, line in enumerate(self.path.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                yield remark_from_row(json.loads(line))
            except (ValueError, KeyError, TypeError):
                raise IntegrityError(
                    f"Line {number} of {self.path.name} in {self.path.parent} is no remark: "
                    "restore the file from a backup, or take the line out."
                ) from None


def checked_tag(name: str) -> str:
    """Return a name that can be a tag. Raises BadInputError for any other."""
    if not _TAG.fullmatch(name) or _HASH_LIKE.fullmatch(name):
        raise BadInputError(
            f"{name!r} cannot be a tag: take small letters, digits, dots and dashes, a letter "
            "first, and nothing that looks like the start of a hash."
        )
    return name
