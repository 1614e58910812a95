"""Which files of an event store are not what its manifest says."""

from app.storage.event_store.segment import file_hash
from app.storage.event_store.store import EventStore


def damaged_files(store: EventStore) -> list[str]:
    """Read all files; return those whose SHA-256 differs from the manifest."""
    parts = zip(store.folders, store.manifest["segments"], strict=True)
    files = (
        (folder / name, digest) for folder, part in parts for name, digest in part["files"].items()
    )
    return [f"{f.parent.name}/{f.name}" for f, digest in files if file_hash(f) != digest]
