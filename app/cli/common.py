"""What commands share: options, the open workspace, progress and plain tables."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from app.cli.progress import progress_bar
from app.workspace.settings import read_settings
from app.workspace.workspace import Workspace
from recsys.errors import WorkspaceError
from recsys.progress import ProgressCallback

workspace_option = click.option(
    "--workspace",
    type=click.Path(path_type=Path, file_okay=False),
    show_default=".brandswipe",
    help="Folder of this shop's data, models and studies.",
)
format_option = click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Text for people, or JSON for machines.",
)
model_option = click.option(
    "--model",
    show_default="the candidate, else the newest",
    help="Model version: a hash, an alias or a tag.",
)
study_option = click.option("--study", show_default="the newest", help="Name or hash of the study.")


@contextmanager
def open_workspace(path: Path | None, create: bool = False) -> Iterator[Workspace]:
    """Open a workspace for one command and close it at the end.

    Raises WorkspaceError if there is no workspace, unless the command may `create` one.
    """
    workspace = Workspace(read_settings(path))
    if not create:
        require_workspace(workspace.folder)
    try:
        yield workspace
    finally:
        workspace.close()


def require_workspace(path: Path) -> None:
    """Raise WorkspaceError if there is no workspace: a mistyped name creates none."""
    if not path.is_dir():
        raise WorkspaceError(
            f"There is no workspace at {path}. Make one with `brandswipe data ingest EVENTS`, "
            "or name another with --workspace."
        )


@contextmanager
def progress_reporter() -> Iterator[ProgressCallback]:
    """Yield a function that moves a progress bar; without a terminal it prints nothing."""
    with progress_bar("") as report_progress:
        yield report_progress


def print_message(text: str) -> None:
    """Print a message for people to standard error."""
    click.echo(text, err=True)


def print_output(output_format: str, data: Any, text: str) -> None:
    """Print data to standard output, as JSON or as its text."""
    if output_format == "json":
        click.echo(json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False))
    else:
        click.echo(text)


def text_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return rows as aligned text; the caller formats numbers."""
    cells = [[str(cell) for cell in row] for row in [header, *rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in cells]
    separator = "  ".join("-" * width for width in widths)
    return "\n".join(line.rstrip() for line in [lines[0], separator, *lines[1:]])
