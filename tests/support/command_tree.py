"""Every command of the terminal, imported."""

from collections.abc import Iterator

import click

from app.cli.command_tree import LazyCommand, cli

Path = tuple[str, ...]
"""The words that call a command, after `brandswipe`."""


def walk(command: click.Command = cli, path: Path = ()) -> Iterator[tuple[Path, click.Command]]:
    """Yield every command and every group with its path."""
    yield path, command.load() if isinstance(command, LazyCommand) else command
    if isinstance(command, click.Group):
        for name, part in command.commands.items():
            yield from walk(part, (*path, name))


TREE = dict(walk())
COMMANDS = {path: part for path, part in TREE.items() if not isinstance(part, click.Group)}
