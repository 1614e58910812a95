"""Writes a planted (simulated) shop for `data ingest`, and reads its personas and truth."""

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from app.workspace.settings import data_file
from recsys.errors import WorkspaceError
from recsys.progress import ProgressCallback, WorkStage
from recsys.simulation.personas import Persona, persona_from_row, persona_to_row
from recsys.simulation.raters import TrueTaste, true_tastes
from recsys.simulation.shop import Shop, plant_shop

SHOP_FILE = "shop.json"


def bundled_brands() -> pd.DataFrame:
    """Return the demo's brands from data/brands.csv, one row for each brand."""
    with data_file("brands.csv").open("rb") as file:
        return pd.read_csv(file)


def write_planted_shop(out: Path, customers: int, seed: int, progress: ProgressCallback) -> int:
    """Write a shop's events, products, brands and true tastes; return the number of events.

    Raises WorkspaceError if the folder cannot be written or holds other files.
    """
    shop = plant_shop(bundled_brands(), customers, seed)
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()) and not (out / SHOP_FILE).is_file():
            raise WorkspaceError(f"{out} holds other files: choose an empty folder with --out.")
        (out / SHOP_FILE).write_text(_shop_json(shop), encoding="utf-8")
        events = _write_events(out, shop, progress)
        shop.products.to_parquet(out / "products.parquet", index=False)
        bundled_brands().to_csv(out / "brands.csv", index=False)
    except OSError as error:
        raise WorkspaceError(
            f"The shop could not be written to {out} ({error.strerror or error}): make room or "
            "choose another folder."
        ) from error
    return events


def _shop_json(shop: Shop) -> str:
    personas = [persona_to_row(persona) for persona in shop.personas]
    facts = {"planted": True, "customers": shop.customers, "seed": shop.seed, "personas": personas}
    return json.dumps(facts, ensure_ascii=False, indent=1)


def _write_events(out: Path, shop: Shop, progress: ProgressCallback) -> int:
    files: dict[str, pq.ParquetWriter] = {}
    events_written = customers_written = 0
    try:
        for frames in shop.chunks():
            for name, frame in zip(("events", "truth"), frames, strict=True):
                rows = pa.Table.from_pandas(frame, preserve_index=False)
                if name not in files:
                    files[name] = pq.ParquetWriter(out / f"{name}.parquet", rows.schema)
                files[name].write_table(rows)
            events_written += len(frames[0])
            customers_written += frames[1]["customer_id"].nunique()
            progress(
                WorkStage.PLANTING,
                min(1.0, customers_written / (shop.customers + len(shop.personas))),
            )
    finally:
        for file in files.values():
            file.close()
    return events_written


def planted_personas(workspace: Path) -> list[Persona]:
    """Return the personas of a planted workspace, or an empty list for another workspace."""
    marker = workspace / "planted" / SHOP_FILE
    if not marker.is_file():
        return []
    personas = json.loads(marker.read_text(encoding="utf-8"))["personas"]
    return [persona_from_row(persona) for persona in personas]


def planted_truth(workspace: Path) -> tuple[dict[str, TrueTaste], pd.DataFrame]:
    """Return customer id -> true taste, and the brands. Raises WorkspaceError if not planted."""
    folder = workspace / "planted"
    if not (folder / "truth.parquet").is_file():
        raise WorkspaceError(
            "Colleagues can be simulated in a planted shop only, where everybody's favourites "
            "are known. Make one with `brandswipe data generate`."
        )
    truth = pd.read_parquet(folder / "truth.parquet")
    return true_tastes(truth), pd.read_csv(folder / "brands.csv")
