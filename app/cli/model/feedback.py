"""model rejected and learn: what the answers of studies say about a version, and teach it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from app.cli.common import (
    format_option,
    model_option,
    open_workspace,
    print_message,
    print_output,
    progress_reporter,
    text_table,
    workspace_option,
)
from app.study.feedback import learn_from_study, rejected_brands
from recsys.report.rejections import RejectedBrand, rejected_brand_to_row


@click.command()
@click.argument("model", required=False)
@format_option
@workspace_option
def rejected_command(model: str | None, output_format: str, workspace: Path | None) -> None:
    """List the picks that people rejected most, with reasons and the evidence behind such picks.

    Example: brandswipe model rejected champion
    """
    with open_workspace(workspace) as ws:
        brands = rejected_brands(ws, ws.version(model).hash)
    head = ("brand", "people", "refused", "reasons given", "what stands behind it")
    print_output(
        output_format,
        [rejected_brand_to_row(brand) for brand in brands],
        text_table(head, list(_rejected_rows(brands))),
    )
    print_message(
        "Of colleagues no history is kept: what stands behind a brand is of other customers."
    )


def _rejected_rows(brands: Iterable[RejectedBrand]) -> Iterable[Sequence[str]]:
    for brand in brands:
        reasons = (f"{why} {people} or more" for why, people in brand.reasons.items())
        kinds = (f"{kind.replace('_', ' ')} {share:.0%}" for kind, share in brand.kinds.items())
        yield (
            brand.brand,
            str(brand.people),
            f"{brand.share:.0%}",
            ", ".join(reasons) or "-",
            ", ".join(kinds) or "-",
        )


@click.command()
@click.argument("study")
@model_option
@format_option
@workspace_option
def learn_command(
    study: str, model: str | None, output_format: str, workspace: Path | None
) -> None:
    """Tune the weights of a version on the answers of a simulated study, as a new version.

    The participants of that study never judge the new version.

    Example: brandswipe model learn autumn
    """
    with open_workspace(workspace) as ws, progress_reporter() as report_progress:
        base_version = ws.version(model)
        version = learn_from_study(ws, base_version, ws.store.studies.get(study), report_progress)
    print_output(output_format, {"version": version.hash, **version.facts}, version.name)
    weights = version.facts["options"]["weights"]
    weights_text = ", ".join(f"{name} {weight:g}" for name, weight in weights.items())
    learning_facts = version.facts["learnt"]
    print_message(
        f"Learnt from {learning_facts['people']} people, {learning_facts['cards']:,} cards: "
        f"{weights_text}."
    )
    print_message(f"None of them ever judges {version.name}. Next: brandswipe study open")
