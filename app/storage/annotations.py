"""Notes and tags on model versions, in an append-only JSONL file."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.storage.study_db.database import now_ms
from recsys.errors import BadInputError, IntegrityError, WorkspaceError

ANNOTATIONS_FILE = "remarks.jsonl"
MAX_NOTE_LENGTH = 500  # characters of a note
_TAG = re.compile(r"[a-z][a-z0-9._-]{0,39}")
_HASH_LIKE = re.compile(r"[0-9a-f]{4,64}")
NOTE, TAG, UNTAG = "note", "tag", "untag"


@dataclass(frozen=True, slots=True)
class Annotation:
    """One line of the file: a note on a version, or a tag set or removed."""

    version: str  # hash
    kind: str  # note, tag or untag
    text: str
    at: int  # milliseconds since 1970


def remark_to_row(remark: Annotation) -> dict[str, Any]:
    """Return an annotation as the JSON data of its line."""
    return {
        "version": remark.version,
        "kind": remark.kind,
        "text": remark.text,
        "at": remark.at,
    }


def remark_from_row(row: Mapping[str, Any]) -> Annotation:
    """Return the annotation of a line's JSON data. Raises KeyError if a field is missing."""
    return Annotation(version=row["version"], kind=row["kind"], text=row["text"], at=row["at"])


class Annotations:
    """Notes and tags of the model versions in one folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / ANNOTATIONS_FILE

    def add_note(self, version: str, text: str) -> Annotation:
        """Add a note. Raises BadInputError if it is empty or longer than MAX_NOTE_LENGTH."""
        note = " ".join(text.split())
        if not 0 < len(note) <= MAX_NOTE_LENGTH:
            raise BadInputError(
                f"A note has 1 to {MAX_NOTE_LENGTH} characters; this one has {len(note)}."
            )
        return self._add(Annotation(version, NOTE, note, now_ms()))

    def add_tag(self, version: str, name: str) -> Annotation:
        """Tag a version. Raises BadInputError for a name that cannot be a tag."""
        return self._add(Annotation(version, TAG, validate_tag(name), now_ms()))

    def remove_tag(self, version: str, name: str) -> Annotation:
        """Remove a tag from a version. Raises BadInputError if the version does not have it."""
        if name not in self.tags(version):
            raise BadInputError(f"This version has no tag {name!r}.")
        return self._add(Annotation(version, UNTAG, name, now_ms()))

    def notes(self, version: str) -> list[Annotation]:
        """Return the notes of a version, oldest first."""
        return [
            line for line in self._read_lines() if line.version == version and line.kind == NOTE
        ]

    def tags(self, version: str) -> list[str]:
        """Return the current tags of a version, sorted by name."""
        return sorted(
            name for name, versions in self.versions_by_tag().items() if version in versions
        )

    def versions_by_tag(self) -> dict[str, set[str]]:
        """Return tag -> hashes of the versions that have it now."""
        by_tag: dict[str, set[str]] = {}
        for line in self._read_lines():
            if line.kind == TAG:
                by_tag.setdefault(line.text, set()).add(line.version)
            elif line.kind == UNTAG:
                by_tag.get(line.text, set()).discard(line.version)
        return {name: versions for name, versions in by_tag.items() if versions}

    def _add(self, annotation: Annotation) -> Annotation:
        line = json.dumps(remark_to_row(annotation), ensure_ascii=False) + "\n"
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(handle, line.encode())  # one write call: concurrent lines do not mix
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise WorkspaceError(
                f"The note or tag could not be saved in {self.path.parent} ({error.strerror}): "
                "make room and write it again."
            ) from error
        return annotation

    def _read_lines(self) -> Iterator[Annotation]:
        if not self.path.is_file():
            return
        for number, line in enumerate(self.path.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                yield remark_from_row(json.loads(line))
            except (ValueError, KeyError, TypeError):
                raise IntegrityError(
                    f"Line {number} of {self.path.name} in {self.path.parent} is not a valid note "
                    "or tag: restore the file from a backup, or take the line out."
                ) from None


def validate_tag(name: str) -> str:
    """Return `name`. Raises BadInputError if it cannot be a tag."""
    if not _TAG.fullmatch(name) or _HASH_LIKE.fullmatch(name):
        raise BadInputError(
            f"{name!r} cannot be a tag: take small letters, digits, dots and dashes, a letter "
            "first, and nothing that looks like the start of a hash."
        )
    return name
