"""models: the versions, what people write beside them, two of them side by side, a card."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from app.cli.common import (
    format_option,
    open_workspace,
    print_message,
    print_output,
    progress_reporter,
    text_table,
    workspace_option,
)
from app.modeling.comparison import (
    VersionComparison,
    compare_versions,
    compared_to_row,
    parameter_differences,
)
from app.reports.model_card import model_card
from app.storage.model_registry import ALIASES, ModelVersion
from app.study.feedback import rejected_brands
from app.study.results import studies_of_version
from app.workspace.workspace import Workspace
from recsys.report.rejections import RejectedBrand, rejected_brand_to_row
from recsys.stats import Estimate

FEWER_THAN_TEN = "under 10"


@click.group()
def models() -> None:
    """List, tag, compare and describe model versions."""


@models.command(name="list")
@format_option
@workspace_option
def list_versions(output_format: str, workspace: Path | None) -> None:
    """List all versions, the newest first, with aliases, tags and notes.

    Example: brandswipe models list
    """
    with open_workspace(workspace) as ws:
        data = [_version_data(ws, version) for version in ws.registry.versions()]
    head = ("version", "made", "customers", "called", "studies", "last note")
    print_output(output_format, data, text_table(head, [_version_row(found) for found in data]))


def _version_data(workspace: Workspace, version: ModelVersion) -> dict[str, Any]:
    aliases, annotations = workspace.registry.aliases(), workspace.registry.annotations
    return {
        "version": version.hash,
        "made": f"{datetime.fromtimestamp(version.made_at / 1000, UTC):%Y-%m-%d %H:%M}",
        "aliases": [name for name, hash in aliases.items() if hash == version.hash],
        "tags": annotations.tags(version.hash),
        "notes": [note.text for note in annotations.notes(version.hash)],
        "studies": {
            s.row.name: s.verdict.outcome.value for s in studies_of_version(workspace, version.hash)
        },
        "facts": dict(version.facts),
    }


def _version_row(version_data: dict[str, Any]) -> tuple[str, ...]:
    studies = (f"{name}: {outcome}" for name, outcome in version_data["studies"].items())
    return (
        version_data["version"][:8],
        version_data["made"],
        f"{version_data['facts'].get('customers', 0):,}",
        ", ".join([*version_data["aliases"], *version_data["tags"]]) or "-",
        "; ".join(studies) or "-",
        next(reversed(version_data["notes"]), "-"),
    )


@models.command()
@click.argument("model")
@click.argument("text")
@workspace_option
def note(model: str, text: str, workspace: Path | None) -> None:
    """Write a note beside a version; notes are added and never changed.

    Example: brandswipe models note champion "the one of the spring pilot"
    """
    with open_workspace(workspace) as ws:
        version = ws.version(model)
        ws.registry.annotations.add_note(version.hash, text)
    print_message(f"Noted beside {version.name}.")


@models.command()
@click.argument("model")
@click.argument("name")
@click.option("--off", is_flag=True, help="Take the tag off.")
@workspace_option
def tag(model: str, name: str, off: bool, workspace: Path | None) -> None:
    """Tag a version; a tag that one version alone has may name it everywhere.

    Example: brandswipe models tag candidate spring-2026
    """
    with open_workspace(workspace) as ws:
        version, annotations = ws.version(model), ws.registry.annotations
        (annotations.remove_tag if off else annotations.add_tag)(version.hash, name)
    print_message(f"{version.name} {'is no longer' if off else 'is'} tagged {name}.")


@models.command()
@click.argument("name", type=click.Choice(ALIASES))
@click.argument("model")
@workspace_option
def alias(name: str, model: str, workspace: Path | None) -> None:
    """Let candidate or champion name a version.

    Example: brandswipe models alias champion spring-2026
    """
    with open_workspace(workspace) as ws:
        version = ws.version(model)
        ws.registry.set_alias(name, version.hash)
    print_message(f"{version.name} is the {name}.")


@models.command()
@click.argument("model", required=False)
@workspace_option
def card(model: str | None, workspace: Path | None) -> None:
    """Write a version's model card in Markdown.

    Example: brandswipe models card candidate > card.md
    """
    with open_workspace(workspace) as ws:
        click.echo(model_card(ws, ws.version(model)), nl=False)


@models.command(name="compare")
@click.argument("first")
@click.argument("second")
@format_option
@workspace_option
def compare_command(first: str, second: str, output_format: str, workspace: Path | None) -> None:
    """Set a second version against a first one: parameters, figures, lists, brands that move.

    Example: brandswipe models compare champion candidate
    """
    with open_workspace(workspace) as ws, progress_reporter() as report_progress:
        first_version, second_version = ws.version(first), ws.version(second)
        comparison = compare_versions(ws, first_version, second_version, report_progress)
    differing_parameters = parameter_differences(first_version, second_version)
    data = {
        "parameters": {name: [a, b] for name, a, b in differing_parameters},
        **compared_to_row(comparison),
    }
    rows = [
        (name, *("-" if v is None else str(v)[:12] for v in pair))
        for name, *pair in differing_parameters
    ]
    print_output(
        output_format,
        data,
        text_table(("differs in", first_version.name, second_version.name), rows),
    )
    _print_comparison(comparison, second_version)


def _print_comparison(comparison: VersionComparison, second: ModelVersion) -> None:
    print_message(
        f"Of the first ten of the same {comparison.people:,} people both have "
        f"{_share_text(comparison.shared)}; "
        f"rising and falling are counted in people."
    )
    for verb, changes in (("rises", comparison.rising), ("falls", comparison.falling)):
        for change in changes[:5]:
            print_message(
                f"  {change.brand} {verb}: {_people_text(change.first)} to "
                f"{_people_text(change.second)}"
            )
    if comparison.why_none:
        print_message(comparison.why_none)
        return
    for difference in comparison.differences:
        print_message(
            f"  {second.name} ahead in {difference.metric}@10, {difference.task}: "
            f"{_ahead_text(difference.ahead)}"
        )
    print_message("Intervals are 95%, by bootstrap over customers, paired.")


def _people_text(number: int | None) -> str:
    return FEWER_THAN_TEN if number is None else str(number)


def _share_text(estimate: Estimate) -> str:
    if estimate.value is None:
        return str(estimate.reason)
    return f"{estimate.value:.0%} ({estimate.low:.0%} to {estimate.high:.0%})"


def _ahead_text(estimate: Estimate) -> str:
    if estimate.value is None:
        return str(estimate.reason)
    return f"{estimate.value:+.3f} ({estimate.low:+.3f} to {estimate.high:+.3f})"


@models.command()
@click.argument("model", required=False)
@format_option
@workspace_option
def refused(model: str | None, output_format: str, workspace: Path | None) -> None:
    """List the picks that people refused most, why, and what such picks are made of.

    Example: brandswipe models refused champion
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
