"""What stands for the people on an invitation list: no name, and no pseudonym."""

from collections.abc import Iterable
from hashlib import sha256


def mark(study: str, pseudonym: str) -> str:
    """Return what stands for an invited person: of one study alone, and no pseudonym."""
    return sha256(f"invited {study} {pseudonym}".encode()).hexdigest()


def list_hash(marks: Iterable[str]) -> str:
    """Return the hash of an invitation list, whatever its order."""
    return sha256("\n".join(sorted(marks)).encode()).hexdigest()
