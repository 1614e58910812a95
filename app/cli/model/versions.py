"""model list, card, tag, note and alias: the versions, and what people write about them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from app.cli.common import (
    format_option,
    open_workspace,
    print_message,
    print_output,
    text_table,
    workspace_option,
)
from app.reports.model_card import model_card
from app.storage.model_registry import ALIASES, ModelVersion
from app.study.results import studies_of_version
from app.workspace.workspace import Workspace


@click.command()
@format_option
@workspace_option
def list_command(output_format: str, workspace: Path | None) -> None:
    """List all versions, the newest first, with their aliases, tags, studies and last note.

    Example: brandswipe model list
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


@click.command()
@click.argument("model", required=False)
@workspace_option
def card_command(model: str | None, workspace: Path | None) -> None:
    """Write the model card of a version in Markdown to standard output.

    Example: brandswipe model card candidate > card.md
    """
    with open_workspace(workspace) as ws:
        click.echo(model_card(ws, ws.version(model)), nl=False)


@click.command()
@click.argument("model")
@click.argument("name")
@click.option("--off", is_flag=True, help="Remove the tag.")
@workspace_option
def tag_command(model: str, name: str, off: bool, workspace: Path | None) -> None:
    """Add a tag to a version. A tag that only one version has may name it everywhere.

    Example: brandswipe model tag candidate spring-2026
    """
    with open_workspace(workspace) as ws:
        version, annotations = ws.version(model), ws.registry.annotations
        (annotations.remove_tag if off else annotations.add_tag)(version.hash, name)
    print_message(f"{version.name} {'is no longer' if off else 'is'} tagged {name}.")


@click.command()
@click.argument("model")
@click.argument("text")
@workspace_option
def note_command(model: str, text: str, workspace: Path | None) -> None:
    """Add a note to a version. Notes are added and never changed.

    Example: brandswipe model note champion "the one of the spring pilot"
    """
    with open_workspace(workspace) as ws:
        version = ws.version(model)
        ws.registry.annotations.add_note(version.hash, text)
    print_message(f"Noted beside {version.name}.")


@click.command()
@click.argument("name", type=click.Choice(ALIASES))
@click.argument("model")
@workspace_option
def alias_command(name: str, model: str, workspace: Path | None) -> None:
    """Make a version the candidate or the champion: the alias then names it everywhere.

    Example: brandswipe model alias champion spring-2026
    """
    with open_workspace(workspace) as ws:
        version = ws.version(model)
        ws.registry.set_alias(name, version.hash)
    print_message(f"{version.name} is the {name}.")
