"""What commands share: the workspace option, the format option, bars and plain tables."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from app.cli.progress import bar
from app.workspace.settings import read
from app.workspace.workspace import House
from recsys.errors import WorkspaceError
from recsys.models.hybrid import Progress

Command = TypeVar("Command", bound=Callable[..., Any])


def workspace_option(command: Command) -> Command:
    """Add --workspace; the command gets it as `workspace`."""
    return click.option(
        "--workspace",
        type=click.Path(path_type=Path, file_okay=False),
        help="Folder of this shop's data, models and studies. [default: .brandswipe]",
    )(command)


def format_option(command: Command) -> Command:
    """Add --format text|json; the command gets it as `shape`."""
    return click.option(
        "--format",
        "shape",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="Text for people or JSON for machines.",
    )(command)


@contextmanager
def opened(workspace: Path | None, new: bool = False) -> Iterator[House]:
    """Open a workspace for one command and close it again.

    Raises WorkspaceError where there is none, unless the command may make a `new` one.
    """
    house = House(read(workspace))
    if not new:
        must_exist(house.workspace)
    try:
        yield house
    finally:
        house.close()


def must_exist(workspace: Path) -> None:
    """Raise WorkspaceError where there is no workspace: a mistyped name is not made."""
    if not workspace.is_dir():
        raise WorkspaceError(
            f"There is no workspace at {workspace}. Make one with `brandswipe ingest EVENTS`, "
            "or name another with --workspace."
        )


@contextmanager
def progress() -> Iterator[Progress]:
    """A bar on the terminal; nothing where nobody watches."""
    with bar("") as tell:
        yield tell


def say(text: str) -> None:
    """Words for a person."""
    click.echo(text, err=True)


def put(shape: str, data: Any, text: str) -> None:
    """Data for whoever asked: JSON, or its text."""
    if shape == "json":
        click.echo(json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False))
    else:
        click.echo(text)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Rows as aligned text; numbers are to be formatted by the caller."""
    cells = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in cells]
    rule = "  ".join("-" * width for width in widths)
    return "\n".join(line.rstrip() for line in [lines[0], rule, *lines[1:]])
