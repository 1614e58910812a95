"""The model card of a version in Markdown: use, data, parameters, evaluation, studies, limits.

After Mitchell et al., "Model Cards for Model Reporting", FAT* 2019.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.modeling.comparison import version_parameters
from app.operations.jobs import result_file
from app.presentation.verdict_text import verdict_text
from app.reports.markdown import escape_cell, iso_day, markdown_table
from app.storage.model_registry import ModelVersion
from app.storage.study_db.jobs import JobState
from app.study.results import StudyStatus, studies_of_version
from app.workspace.workspace import Workspace

EvaluationData = dict[str, Any]
"""An `Evaluation` as plain data."""


def offline_evaluation(workspace: Workspace, version: ModelVersion) -> EvaluationData | None:
    """Return the newest offline evaluation of a version; None if it was never evaluated."""
    for row in workspace.store.jobs.all():
        is_same = row.kind == "evaluate" and row.message == version.hash
        if is_same and row.outcome == JobState.DONE:
            evaluation = _read_evaluation(workspace, row.id)
            if evaluation is not None:
                return evaluation
    return version.facts.get("offline")


def _read_evaluation(workspace: Workspace, job_id: str) -> EvaluationData | None:
    try:
        return dict(json.loads(result_file(workspace.folder, job_id).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


INTENDED_USE = (
    "Ranks a customer's favourite brands in this shop, for a row of brands on the customer's own "
    "pages. It is not made to set prices, to judge people, or to guess anything but brands. Brands "
    "of sensitive categories are never ranked."
)
MODEL_LIMITS = (
    "Offline figures ask what people bought next; a favourite is more than that, so they do not "
    "release a version: people do.",
    "The people who judged are colleagues: invited, not drawn from the customers.",
    "A customer with a short history gets what others love: too little is known.",
    "A log knows what was shown and sold: what a shop never offered cannot be found in it.",
)


def model_card(workspace: Workspace, version: ModelVersion) -> str:
    """Return the model card of a version as Markdown."""
    parts = [
        f"# Model card: {version.name}",
        *_identity_lines(workspace, version),
        "## Intended use",
        INTENDED_USE,
        "## Data and parameters",
        markdown_table(("what", "value"), list(_data_rows(version))),
        "## Evaluation on the log",
        *_offline_lines(workspace, version),
        "## What people said",
        *_human_lines(studies_of_version(workspace, version.hash)),
        "## Limits",
        "\n".join(f"- {limit}" for limit in MODEL_LIMITS),
    ]
    return "\n\n".join(parts) + "\n"


def _identity_lines(workspace: Workspace, version: ModelVersion) -> Iterator[str]:
    aliases = [name for name, hash in workspace.registry.aliases().items() if hash == version.hash]
    tags = workspace.registry.annotations.tags(version.hash)
    yield f"Version `{version.hash}`, made on {iso_day(version.made_at / 1000)}."
    if aliases or tags:
        yield f"Called {', '.join([*aliases, *tags])}."
    notes = workspace.registry.annotations.notes(version.hash)
    if notes:
        yield "\n".join(f"- {iso_day(n.at / 1000)}: {escape_cell(n.text)}" for n in notes)


def _data_rows(version: ModelVersion) -> Iterator[tuple[str, str]]:
    facts = version.facts
    if "file" in facts:
        yield "made by", "another system; its lists were imported"
    if "data_as_of" in facts:
        yield "events up to", iso_day(facts["data_as_of"])
    if "evidence" in facts:
        evidence_facts = facts["evidence"]
        yield (
            "evidence",
            f"summed up by the shop's warehouse, up to {iso_day(evidence_facts['as_of'])}: "
            f"{evidence_facts['pairs']:,} pairs of a customer and a brand, "
            f"`{evidence_facts['digest'][:8]}`",
        )
    for name, value in version_parameters(version).items():
        if value is not None:
            yield name.replace("_", " "), escape_cell(value)


def _offline_lines(workspace: Workspace, version: ModelVersion) -> Iterator[str]:
    evaluation = offline_evaluation(workspace, version)
    if evaluation is None:
        yield "Not evaluated on the log."
        return
    yield (
        f"{evaluation['customers']:,} customers; what came after {iso_day(evaluation['cut'])} "
        "was held out. "
        "Intervals are 95%, by bootstrap over customers."
    )
    rows = [
        (
            line["task"],
            _ranker_name(line["ranker"]),
            *(_estimate_text(line[m]) for m in ("recall", "ndcg")),
        )
        for line in evaluation["lines"]
    ]
    yield markdown_table(("task", "ranker", "recall@10", "NDCG@10"), rows)
    publishable_slices = [
        part for part in evaluation.get("slices", []) if part["found"]["value"] is not None
    ]
    if publishable_slices:
        yield "Recall@10 of groups; those with fewer than 10 customers in or outside are left out."
        groups = [
            (p["by"], escape_cell(p["name"]), f"{p['found']['n']:,}", _estimate_text(p["found"]))
            for p in publishable_slices
        ]
        yield markdown_table(("by", "group", "customers", "recall@10"), groups)


def _ranker_name(name: str) -> str:
    return "this version" if name == "favourite" else name


def _human_lines(studies: Sequence[StudyStatus]) -> Iterator[str]:
    if not studies:
        yield "Nobody has judged this version yet."
        return
    for study in studies:
        row, verdict = study.row, study.verdict
        yield f"**{escape_cell(row.name)}** ({row.kind.value}): {verdict_text('en', verdict)}"
        for override in study.overrides:
            yield (
                f"Overridden to {override.outcome} by {override.role}: "
                f"{escape_cell(override.reason)}"
            )


def _estimate_text(estimate: Mapping[str, Any] | None) -> str:
    if estimate is None or estimate["value"] is None:
        return "unknown"
    return f"{estimate['value']:.3f} ({estimate['low']:.3f} to {estimate['high']:.3f})"
