"""What commands share: the workspace option, the format option, bars and plain tables."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from app.cli.progress import progress_bar
from app.workspace.settings import read_settings
from app.workspace.workspace import Workspace
from recsys.errors import WorkspaceError
from recsys.progress import ProgressCallback

Command = TypeVar("Command", bound=Callable[..., Any])


def workspace_option(command: Command) -> Command:
    """Add --workspace; the command gets it as `path`."""
    return click.option(
        "--workspace",
        type=click.Path(path_type=Path, file_okay=False),
        help="Folder of this shop's data, models and studies. [default: .brandswipe]",
    )(command)


def format_option(command: Command) -> Command:
    """Add --format text|json; the command gets it as `output_format`."""
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="Text for people or JSON for machines.",
    )(command)


@contextmanager
def open_workspace(path: Path | None, create: bool = False) -> Iterator[Workspace]:
    """Open a workspace for one command and close it again.

    Raises WorkspaceError where there is none, unless the command may make a `create` one.
    """
    workspace = Workspace(read_settings(path))
    if not create:
        require_workspace(workspace.folder)
    try:
        yield workspace
    finally:
        workspace.close()


def require_workspace(path: Path) -> None:
    """Raise WorkspaceError where there is no workspace: a mistyped name is not made."""
    if not path.is_dir():
        raise WorkspaceError(
            f"There is no workspace at {path}. Make one with `brandswipe ingest EVENTS`, "
            "or name another with --workspace."
        )


@contextmanager
def progress_reporter() -> Iterator[ProgressCallback]:
    """A bar on the terminal; nothing where nobody watches."""
    with progress_bar("") as report_progress:
        yield report_progress


def print_message(text: str) -> None:
    """Words for a person."""
    click.echo(text, err=True)


def print_output(output_format: str, data: Any, text: str) -> None:
    """Data for whoever asked: JSON, or its text."""
    if output_format == "json":
        click.echo(json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False))
    else:
        click.echo(text)


def text_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Rows as aligned text; numbers are to be formatted by the caller."""
    cells = [[str(cell) for cell in row] for row in [header, *rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in cells]
    separator = "  ".join("-" * width for width in widths)
    return "\n".join(line.rstrip() for line in [lines[0], separator, *lines[1:]])
