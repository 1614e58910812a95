"""What a shop says of its brands: aliases, sensitive ones, pictures made small and safe."""

import csv
import hashlib
import io
import json
import re
import struct
from collections.abc import Mapping
from pathlib import Path

import pyarrow.parquet as pq
from PIL import Image, ImageOps, UnidentifiedImageError

from app.storage.event_store.catalog import NO_BOOK, BrandBook
from recsys.dataset.brand_names import brand_key, normalise_brand
from recsys.errors import BadInputError

LARGEST = (480, 480)
_MOST_PIXELS = 50_000_000
_MOST_BYTES = 20_000_000
_NAMED = 5  # pictures that are named with their reason; the rest is counted
_YES = frozenset({"1", "true", "t", "yes", "ja"})
_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif")
_DRAWINGS = (".svg", ".svgz", ".pdf", ".eps", ".bmp", ".tif", ".tiff", ".heic", ".avif", ".ico")
_OTHER = "save it as PNG, JPEG, WebP or GIF"
_TOO_WIDE = f"it has more than {_MOST_PIXELS // 10**6} million pixels, save it smaller"


def read_book(file: str | None) -> BrandBook:
    """Return a file of brands: CSV with name and, if wished, aliases, sensitive and picture.

    Aliases stand behind each other with semicolons between. The name is the spelling to show.
    """
    if file is None:
        return NO_BOOK
    try:
        text = Path(file).read_text(encoding="utf-8-sig")
        lines = list(csv.DictReader(io.StringIO(text)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInputError(f"{file} cannot be read as a CSV file of brands.") from error
    if not lines or "name" not in lines[0]:
        raise BadInputError(f"{file} needs a first line with a column called name, and a brand.")
    return _book(lines)


def _book(lines: list[dict[str, str | None]]) -> BrandBook:
    aliases: dict[str, str] = {}
    sensitive: set[str] = set()
    pictures: dict[str, str] = {}
    for line in lines:
        name = normalise_brand(line["name"] or "")
        if name is None:
            continue
        spelt = [name, *(line.get("aliases") or "").split(";")]
        aliases |= {brand_key(s): name for s in spelt if brand_key(s)}
        if (line.get("sensitive") or "").strip().lower() in _YES:
            sensitive.add(brand_key(name))
        if picture := (line.get("picture") or "").strip():
            pictures[brand_key(name)] = picture
    return BrandBook(aliases, frozenset(sensitive), pictures)


def keep_pictures(
    workspace: Path, segment: Path, book: BrandBook, folder: str | None, notes: list[str]
) -> None:
    """Keep a small picture of each brand of a segment, by its hash, and write pictures.json."""
    kept: dict[str, str] = {}
    if folder is not None:
        kept, bad = _kept(workspace / "pictures", _brands(segment), book, Path(folder))
        notes += _skipped(bad)
    (segment / "pictures.json").write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")


def _skipped(bad: list[str]) -> list[str]:
    more = len(bad) - _NAMED
    said = [f"Picture skipped, {why}." for why in bad[:_NAMED]]
    return [*said, f"{more:,} more pictures were skipped."] if more > 0 else said


def _brands(segment: Path) -> list[str]:
    names: list[str] = pq.read_table(segment / "brands.parquet")["name"].to_pylist()
    return names


def _kept(
    to: Path, brands: list[str], book: BrandBook, folder: Path
) -> tuple[dict[str, str], list[str]]:
    if not folder.is_dir():
        raise BadInputError(f"There is no folder {folder} with pictures; check --pictures.")
    there = sorted(f for f in folder.iterdir() if f.is_file() and not f.name.startswith("."))
    files = [f for f in there if f.suffix.lower() in _PICTURES]
    by_name = {f.name: f for f in files}
    by_slug = {slug(f.stem): f for f in reversed(files)}
    to.mkdir(exist_ok=True)
    kept: dict[str, str] = {}
    bad = [f"{f.name}: {_OTHER}" for f in there if f.suffix.lower() in _DRAWINGS]
    for brand in brands:
        file = _picture_of(brand, book.pictures, by_name, by_slug)
        if file is not None:
            _keep(file, brand, to, kept, bad)
    return kept, bad


def _picture_of(
    brand: str, named: Mapping[str, str], by_name: Mapping[str, Path], by_slug: Mapping[str, Path]
) -> Path | None:
    name = named.get(brand_key(brand), "")
    return by_name.get(name) or (by_slug.get(slug(brand)) if slug(brand) else None)


def _keep(file: Path, brand: str, to: Path, kept: dict[str, str], bad: list[str]) -> None:
    try:
        small = _small(file)
    except BadInputError as why:
        bad.append(f"{file.name}: {why}")
        return
    kept[brand] = hashlib.sha256(small).hexdigest()
    (to / f"{kept[brand]}.webp").write_bytes(small)


def slug(name: str) -> str:
    """Return a brand's name as a file is named: small letters and digits with dashes between."""
    return re.sub(r"[\W_]+", "-", brand_key(name)).strip("-")


def _small(file: Path) -> bytes:
    """Return a picture drawn anew, so that nothing but its pixels comes along.

    Raises BadInputError that says why it is none that a card can show.
    """
    if file.stat().st_size > _MOST_BYTES:
        raise BadInputError(f"it is larger than {_MOST_BYTES // 10**6} MB, save it smaller")
    try:
        drawn = _drawn(file)
    except UnidentifiedImageError:
        raise BadInputError(f"it is no picture inside, {_OTHER}") from None
    except (OSError, ValueError, SyntaxError, struct.error) as error:
        raise BadInputError("it is cut off or damaged, export it again") from error
    drawn.thumbnail(LARGEST)
    out = io.BytesIO()
    drawn.save(out, "WEBP", quality=82, exif=b"")
    return out.getvalue()


def _drawn(file: Path) -> Image.Image:
    try:
        with Image.open(file, formats=("PNG", "JPEG", "WEBP", "GIF")) as picture:
            if picture.width * picture.height > _MOST_PIXELS:  # asked before a pixel is unpacked
                raise BadInputError(_TOO_WIDE)
            return ImageOps.exif_transpose(picture).convert("RGBA")
    except Image.DecompressionBombError:
        raise BadInputError(_TOO_WIDE) from None
