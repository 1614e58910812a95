"""Reads a shop's brands file (aliases, sensitive brands) and stores small, safe brand pictures."""

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

from app.storage.event_store.catalog import NO_BRANDS_FILE, BrandsFile
from recsys.dataset.brand_names import brand_key, normalize_brand
from recsys.errors import BadInputError

MAX_SIZE = (480, 480)
_MOST_PIXELS = 50_000_000
MAX_PICTURE_BYTES = 20_000_000
_MAX_NAMED = 5  # skipped pictures that notes name with a reason; further ones are only counted
_YES = frozenset({"1", "true", "t", "yes", "ja"})
_PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif")
_UNSUPPORTED_SUFFIXES = (
    ".svg",
    ".svgz",
    ".pdf",
    ".eps",
    ".bmp",
    ".tif",
    ".tiff",
    ".heic",
    ".avif",
    ".ico",
)
_SAVE_HINT = "save it as PNG, JPEG, WebP or GIF"
_TOO_LARGE = f"it has more than {_MOST_PIXELS // 10**6} million pixels, save it smaller"


def read_brands_file(file: str | None) -> BrandsFile:
    """Read a CSV file of brands: column name; optional columns aliases, sensitive and picture.

    Semicolons separate aliases. The name is the spelling to show. None means no file. Raises
    BadInputError if the file cannot be read, has no column called name, or has no rows.
    """
    if file is None:
        return NO_BRANDS_FILE
    try:
        text = Path(file).read_text(encoding="utf-8-sig")
        lines = list(csv.DictReader(io.StringIO(text)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInputError(f"{file} cannot be read as a CSV file of brands.") from error
    if not lines or "name" not in lines[0]:
        raise BadInputError(f"{file} needs a first line with a column called name, and a brand.")
    return _parse_brands(lines)


def _parse_brands(lines: list[dict[str, str | None]]) -> BrandsFile:
    aliases: dict[str, str] = {}
    sensitive: set[str] = set()
    pictures: dict[str, str] = {}
    for line in lines:
        name = normalize_brand(line["name"] or "")
        if name is None:
            continue
        spellings = [name, *(line.get("aliases") or "").split(";")]
        aliases |= {brand_key(s): name for s in spellings if brand_key(s)}
        if (line.get("sensitive") or "").strip().lower() in _YES:
            sensitive.add(brand_key(name))
        if picture := (line.get("picture") or "").strip():
            pictures[brand_key(name)] = picture
    return BrandsFile(aliases, frozenset(sensitive), pictures)


def store_pictures(
    workspace: Path, segment: Path, brands_file: BrandsFile, folder: str | None, notes: list[str]
) -> None:
    """Store a small picture of each brand of a segment, named by its SHA-256, and pictures.json.

    `segment` is the segment's folder. Appends a note to `notes` for skipped pictures. Raises
    BadInputError if the picture folder does not exist.
    """
    stored: dict[str, str] = {}
    if folder is not None:
        stored, skipped = _store_brand_pictures(
            workspace / "pictures", _segment_brands(segment), brands_file, Path(folder)
        )
        notes += _skip_notes(skipped)
    (segment / "pictures.json").write_text(json.dumps(stored, ensure_ascii=False), encoding="utf-8")


def _skip_notes(skipped: list[str]) -> list[str]:
    unnamed = len(skipped) - _MAX_NAMED
    notes = [f"Picture skipped, {why}." for why in skipped[:_MAX_NAMED]]
    return [*notes, f"{unnamed:,} more pictures were skipped."] if unnamed > 0 else notes


def _segment_brands(segment: Path) -> list[str]:
    names: list[str] = pq.read_table(segment / "brands.parquet")["name"].to_pylist()
    return names


def _store_brand_pictures(
    target: Path, brands: list[str], brands_file: BrandsFile, folder: Path
) -> tuple[dict[str, str], list[str]]:
    if not folder.is_dir():
        raise BadInputError(f"There is no folder {folder} with pictures; check --pictures.")
    entries = sorted(f for f in folder.iterdir() if f.is_file() and not f.name.startswith("."))
    files = [f for f in entries if f.suffix.lower() in _PICTURE_SUFFIXES]
    by_name = {f.name: f for f in files}
    by_slug = {slug(f.stem): f for f in reversed(files)}
    target.mkdir(exist_ok=True)
    stored: dict[str, str] = {}
    skipped = [
        f"{f.name}: {_SAVE_HINT}" for f in entries if f.suffix.lower() in _UNSUPPORTED_SUFFIXES
    ]
    for brand in brands:
        file = _picture_of(brand, brands_file.pictures, by_name, by_slug)
        if file is not None:
            _store_picture(file, brand, target, stored, skipped)
    return stored, skipped


def _picture_of(
    brand: str,
    picture_names: Mapping[str, str],
    by_name: Mapping[str, Path],
    by_slug: Mapping[str, Path],
) -> Path | None:
    name = picture_names.get(brand_key(brand), "")
    return by_name.get(name) or (by_slug.get(slug(brand)) if slug(brand) else None)


def _store_picture(
    file: Path, brand: str, target: Path, stored: dict[str, str], skipped: list[str]
) -> None:
    try:
        thumbnail = _thumbnail(file)
    except BadInputError as error:
        skipped.append(f"{file.name}: {error}")
        return
    stored[brand] = hashlib.sha256(thumbnail).hexdigest()
    (target / f"{stored[brand]}.webp").write_bytes(thumbnail)


def slug(name: str) -> str:
    """Return a brand's name as a file name: lower-case letters and digits, joined by dashes."""
    return re.sub(r"[\W_]+", "-", brand_key(name)).strip("-")


def _thumbnail(file: Path, max_bytes: int = MAX_PICTURE_BYTES) -> bytes:
    """Return the picture re-encoded as WebP, so that only its pixels are kept (no metadata).

    Raises BadInputError with the reason why a card cannot show the picture.
    """
    if file.stat().st_size > max_bytes:
        raise BadInputError(f"it is larger than {max_bytes // 10**6} MB, save it smaller")
    try:
        image = _decode_image(file)
    except UnidentifiedImageError:
        raise BadInputError(f"its content is not an image, {_SAVE_HINT}") from None
    except (OSError, ValueError, SyntaxError, struct.error) as error:
        raise BadInputError("it is cut off or damaged, export it again") from error
    image.thumbnail(MAX_SIZE)
    out = io.BytesIO()
    image.save(out, "WEBP", quality=82, exif=b"")
    return out.getvalue()


def _decode_image(file: Path) -> Image.Image:
    try:
        with Image.open(file, formats=("PNG", "JPEG", "WEBP", "GIF")) as picture:
            if picture.width * picture.height > _MOST_PIXELS:  # check before decoding pixels
                raise BadInputError(_TOO_LARGE)
            return ImageOps.exif_transpose(picture).convert("RGBA")
    except Image.DecompressionBombError:
        raise BadInputError(_TOO_LARGE) from None
