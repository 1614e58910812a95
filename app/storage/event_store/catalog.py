"""Catalogue of the event store: permanent integer codes of brands, categories and items."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from recsys.dataset.brand_names import brand_key, clean_name, normalize_brand
from recsys.dataset.catalog import Catalog, brand_prices, main_categories

ITEM_SCHEMA = pa.schema(
    [
        ("code", pa.int32()),
        ("product", pa.string()),
        ("brand", pa.int32()),
        ("category", pa.int32()),
        ("title", pa.string()),
        ("price", pa.int32()),
        ("released", pa.int64()),
        ("featured", pa.bool_()),
        ("sensitive", pa.bool_()),
    ]
)


@dataclass(frozen=True, slots=True)
class BrandsFile:
    """Content of a brands file: spellings, sensitive brands and pictures."""

    aliases: Mapping[str, str]  # brand_key -> the name to use
    sensitive: frozenset[str]  # brand_keys
    pictures: Mapping[str, str]  # brand_key -> name of a picture file


NO_BRANDS_FILE = BrandsFile({}, frozenset(), {})


def read_catalog(folders: Sequence[Path], lineage: str) -> Catalog:
    """Return the catalog of the segments in `folders`. The latest segment with an item counts.

    `lineage` is the ID of the event store: codes of another lineage do not match.
    """
    brands = _read_names(folders, "brands")
    categories = _read_names(folders, "categories")
    items = _latest_items(folders)
    brand, category = items["brand"].to_numpy(), items["category"].to_numpy()
    price, sensitive = items["price"].to_numpy(), items["sensitive"].to_numpy()
    brand_sensitive = _sensitive_flags(folders, len(brands))
    brand_sensitive[brand[sensitive & (brand >= 0)]] = True
    return Catalog(
        lineage=lineage,
        brands=brands,
        categories=categories,
        brand_category=main_categories(brand, category, len(brands)),
        brand_price=brand_prices(brand, price, len(brands)),
        brand_sensitive=brand_sensitive,
        item_product=items["product"].to_numpy(dtype=object),
        item_title=items["title"].to_numpy(dtype=object),
        item_brand=brand,
        item_category=category,
        item_price=price,
        item_released=items["released"].to_numpy().astype(np.uint32),
        item_featured=items["featured"].to_numpy(),
        item_sensitive=sensitive,
    )


def _read_names(folders: Sequence[Path], table_name: str) -> NDArray[np.object_]:
    tables = [pq.read_table(folder / f"{table_name}.parquet") for folder in folders]
    names: dict[int, str] = {}
    for table in tables:
        names |= dict(zip(table["code"].to_pylist(), table["name"].to_pylist(), strict=True))
    return np.array([names[code] for code in range(len(names))], dtype=object)


def _sensitive_flags(folders: Sequence[Path], brands: int) -> NDArray[np.bool_]:
    flags = np.zeros(brands, dtype=np.bool_)
    for folder in folders:
        table = pq.read_table(folder / "brands.parquet").to_pandas()
        flags[table["code"][table["sensitive"]].to_numpy()] = True
    return flags


def _latest_items(folders: Sequence[Path]) -> pd.DataFrame:
    parts: list[pd.DataFrame] = [
        pq.read_table(folder / "items.parquet").to_pandas() for folder in folders
    ]
    items = pd.concat(parts, ignore_index=True)
    return items.drop_duplicates("code", keep="last").sort_values("code", ignore_index=True)


def assign_codes(
    con: duckdb.DuckDBPyConnection, old: Catalog | None, brands_file: BrandsFile, folder: Path
) -> None:
    """Give codes to new brands, categories and items; write them; create the table `item_map`.

    An item is a product of one brand in one category. Reads the view `good` (valid events) and the
    table `shelf` (products of the product file).
    `item_map(product, brand, category, item)` maps the texts of an event to the item code.
    """
    con.execute(
        """CREATE TABLE seen AS SELECT product, brand, category, count(*) AS n,
        sum(full_price)::BIGINT AS cents, count(full_price) AS priced
        FROM (SELECT *, nullif(if(list_price >= 0, list_price, price), -1) AS full_price FROM good)
        GROUP BY ALL"""
    )
    con.execute(
        """CREATE TABLE resolved AS SELECT seen.*,
        coalesce(shelf.brand, seen.brand) AS brand_text,
        coalesce(shelf.category, seen.category) AS category_text
        FROM seen LEFT JOIN shelf ON shelf.product_id = seen.product"""
    )
    _code_brands(con, old, brands_file, folder)
    _code_categories(con, old, folder)
    _code_items(con, old)
    items: pa.Table = con.sql(_ITEMS_SQL).to_arrow_table()
    pq.write_table(items.cast(ITEM_SCHEMA), folder / "items.parquet", compression="zstd")


def _count_texts(con: duckdb.DuckDBPyConnection, column: str) -> list[tuple[str, int]]:
    return con.execute(
        f"""SELECT text, sum(n)::BIGINT FROM (SELECT {column}_text AS text, n FROM resolved
        UNION ALL SELECT coalesce({column}, ''), 0 FROM shelf) GROUP BY 1 ORDER BY 1"""
    ).fetchall()


def _code_brands(
    con: duckdb.DuckDBPyConnection, old: Catalog | None, brands_file: BrandsFile, folder: Path
) -> None:
    normalized = {
        text: normalize_brand(text, brands_file.aliases) for text, _ in _count_texts(con, "brand")
    }
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for text, times in _count_texts(con, "brand"):
        if (spelling := normalized[text]) is not None:
            votes[brand_key(spelling)][spelling] += times
    codes = {} if old is None else {brand_key(b): c for c, b in enumerate(old.brands)}
    new_codes = {key: n for n, key in enumerate(sorted(votes.keys() - codes), len(codes))}
    codes |= new_codes
    names = {code: _display_name(votes[key], brands_file, key) for key, code in new_codes.items()}
    old_names = [] if old is None else old.brands.tolist()
    names |= {c: old_names[c] for key in votes if (c := codes[key]) < len(old_names)}
    _write_brands(folder, names, brands_file)
    _register(
        con,
        "brand_map",
        {t: -1 if s is None else codes[brand_key(s)] for t, s in normalized.items()},
    )


def _display_name(votes: Counter[str], brands_file: BrandsFile, key: str) -> str:
    """Return the spelling of the brands file, else the most frequent one; ties: first by name."""
    top_count = max(votes.values())
    return brands_file.aliases.get(key) or min(
        name for name, times in votes.items() if times == top_count
    )


def _write_brands(folder: Path, names: Mapping[int, str], brands_file: BrandsFile) -> None:
    table = {
        "code": pa.array(names.keys(), pa.int32()),
        "name": pa.array(names.values(), pa.string()),
        "sensitive": pa.array(
            [brand_key(n) in brands_file.sensitive for n in names.values()], pa.bool_()
        ),
    }
    pq.write_table(pa.table(table), folder / "brands.parquet")


def _code_categories(con: duckdb.DuckDBPyConnection, old: Catalog | None, folder: Path) -> None:
    normalized = {text: clean_name(text) for text, _ in _count_texts(con, "category")}
    codes = {} if old is None else {str(name): code for code, name in enumerate(old.categories)}
    new_codes = {
        name: n for n, name in enumerate(sorted({*normalized.values()} - codes.keys()), len(codes))
    }
    table = {
        "code": pa.array(new_codes.values(), pa.int32()),
        "name": pa.array(new_codes.keys(), pa.string()),
    }
    pq.write_table(pa.table(table), folder / "categories.parquet")
    codes |= new_codes
    _register(con, "category_map", {text: codes[name] for text, name in normalized.items()})


def _register(con: duckdb.DuckDBPyConnection, name: str, codes: Mapping[str, int]) -> None:
    table = pa.table(
        {"text": pa.array(codes.keys(), pa.string()), "code": pa.array(codes.values(), pa.int32())}
    )
    con.register("incoming", table)
    con.execute(f"CREATE TABLE {name} AS SELECT * FROM incoming")
    con.unregister("incoming")


def _code_items(con: duckdb.DuckDBPyConnection, old: Catalog | None) -> None:
    """Create `items(product, brand, category, item)` with old and new items, and `item_map`."""
    known_items = pa.table(
        {
            "product": pa.array([] if old is None else old.item_product, pa.string()),
            "brand": pa.array([] if old is None else old.item_brand, pa.int32()),
            "category": pa.array([] if old is None else old.item_category, pa.int32()),
        }
    )
    con.register("incoming", known_items)
    con.execute(
        """CREATE TABLE items AS SELECT *, (row_number() OVER () - 1)::INTEGER AS item
        FROM incoming"""
    )
    con.unregister("incoming")
    for statement in _MAP_SQL:
        con.execute(statement)


# mapped: one row per product, brand text and category text of the events, with codes;
# shelved: one row per product of the product file, with codes; item codes count up from old items
_MAP_SQL = (
    """CREATE TABLE mapped AS SELECT r.product, r.brand AS brand_was, r.category AS category_was,
    b.code AS brand, c.code AS category, r.cents, r.priced FROM resolved r
    JOIN brand_map b ON b.text = r.brand_text JOIN category_map c ON c.text = r.category_text""",
    """CREATE TABLE shelved AS SELECT s.*, b.code AS brand_code, c.code AS category_code
    FROM shelf s JOIN brand_map b ON b.text = coalesce(s.brand, '')
    JOIN category_map c ON c.text = coalesce(s.category, '')""",
    """INSERT INTO items SELECT product, brand, category,
    (row_number() OVER (ORDER BY product, brand, category) - 1 + (SELECT count(*) FROM items))
    FROM (SELECT product, brand, category FROM mapped
    UNION SELECT product_id, brand_code, category_code FROM shelved
    EXCEPT SELECT product, brand, category FROM items)""",
    """CREATE TABLE item_map AS SELECT m.product, m.brand_was AS brand,
    m.category_was AS category, i.item FROM mapped m
    JOIN items i USING (product, brand, category)""",
)

_ITEMS_SQL = """SELECT i.item AS code, i.product, i.brand, i.category,
    left(regexp_replace(coalesce(s.title, ''), '[\\p{Cc}\\p{Cf}]', '', 'g'), 200) AS title,
    coalesce(CAST(round(100 * coalesce(s.list_price, s.price)) AS INTEGER),
        (m.cents + m.priced // 2) // m.priced, -1) AS price,
    coalesce(s.release_date, 0) AS released,
    coalesce(s.featured, false) AS featured, coalesce(s.sensitive, false) AS sensitive
    FROM items i LEFT JOIN shelved s ON s.product_id = i.product
    LEFT JOIN (SELECT product, brand, category, sum(cents)::BIGINT AS cents,
        nullif(sum(priced), 0)::BIGINT AS priced FROM mapped GROUP BY ALL) m
        ON m.product = i.product AND m.brand = i.brand AND m.category = i.category
    WHERE s.product_id IS NOT NULL OR m.product IS NOT NULL ORDER BY code"""
