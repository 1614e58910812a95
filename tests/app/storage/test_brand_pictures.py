"""A picture of a brand is checked, drawn anew, or skipped with a sentence; none stops an import."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from app.storage.event_store.catalog import NO_BRANDS_FILE
from app.storage.ingest import brands_file
from app.storage.ingest.brands_file import MAX_SIZE, store_pictures
from recsys.errors import BadInputError


def png(width: int = 40, height: int = 30) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, "PNG")
    return out.getvalue()


def bomb() -> bytes:
    """A PNG of a few bytes that says it has 60,000 by 60,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(2)</script></svg>'


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (bomb, "more than 50 million pixels"),
        (lambda: SVG, "not an image, save it as PNG"),
        (lambda: png()[:60], "cut off or damaged"),
        (lambda: b"", "not an image"),
        (lambda: b"GIF89a" + SVG, "cut off or damaged|not an image"),
        (lambda: b"%PDF-1.7", "not an image"),
    ],
)
def test_what_no_card_can_show_is_refused_with_its_reason(
    tmp_path: Path, data: Callable[[], bytes], said: str
) -> None:
    (tmp_path / "x.png").write_bytes(data())
    with pytest.raises(BadInputError, match=said):
        brands_file._thumbnail(tmp_path / "x.png")


def test_a_file_that_is_too_large_is_not_even_opened(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(png())
    with pytest.raises(BadInputError, match="larger than"):
        brands_file._thumbnail(tmp_path / "x.png", max_bytes=50)


def test_a_picture_keeps_its_pixels_and_nothing_else(tmp_path: Path) -> None:
    secret = Image.Exif()
    secret[0x010E] = "taken at home by Ann"
    out = io.BytesIO()
    Image.new("RGB", (2000, 1000), "teal").save(out, "JPEG", exif=secret, comment=b"<script>")
    (tmp_path / "x.jpg").write_bytes(out.getvalue() + b"<script>alert(1)</script>")
    small = brands_file._thumbnail(tmp_path / "x.jpg")
    assert b"Ann" not in small
    assert b"script" not in small
    with Image.open(io.BytesIO(small)) as drawn:
        assert drawn.format == "WEBP"
        assert drawn.width <= MAX_SIZE[0]
        assert not drawn.getexif()


def test_what_was_skipped_is_told_file_by_file_and_the_good_ones_are_kept(tmp_path: Path) -> None:
    shots, segment = tmp_path / "shots", tmp_path / "segment"
    shots.mkdir()
    segment.mkdir()
    names = ["Lego", "Nike", "Sony", "Adidas", "Bosch", "Fila", "Puma"]
    import pandas as pd

    pd.DataFrame({"name": names}).to_parquet(segment / "brands.parquet")
    (shots / "lego.png").write_bytes(png())
    (shots / "nike.png").write_bytes(bomb())
    (shots / "sony.svg").write_bytes(SVG)
    for name in names[3:]:
        (shots / f"{name.lower()}.gif").write_bytes(b"nothing")
    notes: list[str] = []
    store_pictures(tmp_path, segment, NO_BRANDS_FILE, str(shots), notes)
    assert len(list((tmp_path / "pictures").iterdir())) == 1
    assert "Picture skipped, sony.svg: save it as PNG, JPEG, WebP or GIF." in notes
    assert any(note.startswith("Picture skipped, nike.png: it has more than") for note in notes)
    assert notes[-1] == "1 more pictures were skipped."
