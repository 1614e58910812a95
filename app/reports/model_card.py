"""A model card in Markdown: what a version is for, what it was made of, how it was judged.

After Mitchell et al., "Model Cards for Model Reporting", FAT* 2019.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.modeling.comparison import parameters
from app.operations.jobs import result_file
from app.reports.markdown import cell, day, table
from app.storage.model_registry import Version
from app.storage.study_db.jobs import State
from app.study.results import Human, studies_of
from app.workspace.workspace import House

Found = dict[str, Any]
"""An Evaluation as plain data."""


def offline_of(house: House, version: Version) -> Found | None:
    """Return the newest offline table of a version; None where it was never evaluated."""
    for row in house.store.jobs():
        same = row.kind == "evaluate" and row.message == version.hash
        if same and row.outcome == State.DONE:
            found = _read(house, row.id)
            if found is not None:
                return found
    return version.facts.get("offline")


def _read(house: House, job: str) -> Found | None:
    try:
        return dict(json.loads(result_file(house.workspace, job).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


INTENDED = (
    "Ranks a customer's favourite brands in this shop, for a row of brands on her own pages. It is "
    "not made to set prices, to judge people, or to guess anything but brands. Brands of sensitive "
    "categories are never ranked."
)
LIMITS = (
    "Offline figures ask what people bought next; a favourite is more than that, so they do not "
    "release a version: people do.",
    "The people who judged are colleagues: invited, not drawn from the customers.",
    "A customer with a short history gets what others love; of her too little is known.",
    "A log knows what was shown and sold: what a shop never offered cannot be found in it.",
)


def model_card(house: House, version: Version) -> str:
    """Return the card of a version as Markdown."""
    parts = [
        f"# Model card: {version.name}",
        *_called(house, version),
        "## Intended use",
        INTENDED,
        "## Data and parameters",
        table(("what", "value"), list(_made_of(version))),
        "## Evaluation on the log",
        *_offline(house, version),
        "## What people said",
        *_human(studies_of(house, version.hash)),
        "## Limits",
        "\n".join(f"- {limit}" for limit in LIMITS),
    ]
    return "\n\n".join(parts) + "\n"


def _called(house: House, version: Version) -> Iterator[str]:
    aliases = [name for name, hash in house.registry.aliases().items() if hash == version.hash]
    tags = house.registry.remarks.tags(version.hash)
    yield f"Version `{version.hash}`, made on {day(version.made_at / 1000)}."
    if aliases or tags:
        yield f"Called {', '.join([*aliases, *tags])}."
    notes = house.registry.remarks.notes(version.hash)
    if notes:
        yield "\n".join(f"- {day(n.at / 1000)}: {cell(n.text)}" for n in notes)


def _made_of(version: Version) -> Iterator[tuple[str, str]]:
    facts = version.facts
    if "file" in facts:
        yield "made by", "another system; its lists were imported"
    if "data_as_of" in facts:
        yield "events up to", day(facts["data_as_of"])
    if "evidence" in facts:
        summed = facts["evidence"]
        yield (
            "evidence",
            f"summed up by the shop's warehouse, up to {day(summed['as_of'])}: "
            f"{summed['pairs']:,} pairs of a customer and a brand, `{summed['digest'][:8]}`",
        )
    for name, value in parameters(version).items():
        if value is not None:
            yield name.replace("_", " "), cell(value)


def _offline(house: House, version: Version) -> Iterator[str]:
    found = offline_of(house, version)
    if found is None:
        yield "Not evaluated on the log."
        return
    yield (
        f"{found['customers']:,} customers; what came after {day(found['cut'])} was held out. "
        "Intervals are 95%, by bootstrap over customers."
    )
    rows = [
        (line["task"], _ranker(line["ranker"]), *(_estimate(line[m]) for m in ("recall", "ndcg")))
        for line in found["lines"]
    ]
    yield table(("task", "ranker", "recall@10", "NDCG@10"), rows)
    shown = [part for part in found.get("slices", []) if part["found"]["value"] is not None]
    if shown:
        yield "Recall@10 of groups; those with fewer than 10 customers in or outside are left out."
        groups = [
            (p["by"], cell(p["name"]), f"{p['found']['n']:,}", _estimate(p["found"])) for p in shown
        ]
        yield table(("by", "group", "customers", "recall@10"), groups)


def _ranker(name: str) -> str:
    return "this version" if name == "favourite" else name


def _human(studies: Sequence[Human]) -> Iterator[str]:
    if not studies:
        yield "Nobody has judged this version yet."
        return
    for study in studies:
        row, verdict = study.judged.row, study.judged.verdict
        yield f"**{cell(row.name)}** ({row.kind.value}): {verdict.reason}"
        for said in study.judged.overrides:
            yield f"Overridden to {said.outcome} by {said.role}: {cell(said.reason)}"


def _estimate(found: Mapping[str, Any] | None) -> str:
    if found is None or found["value"] is None:
        return "unknown"
    return f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})"
