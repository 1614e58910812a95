"""doctor: is all well here, and what is to be mended?"""

import shutil
import textwrap
from collections.abc import Mapping
from pathlib import Path

import click

from app.cli.common import format_option, opened, put, workspace_option
from app.operations.doctor.finding import Finding, State, finding_to_row
from app.operations.doctor.run import examine, worst

EXIT = {State.MEND: 2, State.BROKEN: 4}
SIGNS = {
    State.WELL: ("✓", "green"),
    State.IDLE: ("·", "bright_black"),
    State.ADVICE: ("!", "yellow"),
    State.MEND: ("✗", "red"),
    State.BROKEN: ("✗", "red"),
}
NAME = 13  # columns of a check's name
WIDEST = 96


@click.command()
@format_option
@workspace_option
@click.pass_context
def doctor(context: click.Context, shape: str, workspace: Path | None) -> None:
    """Check the workspace and its surroundings: exit 0 well, 2 something to mend, 4 broken.

    Every line that is not well says what mends it.

    Example: brandswipe doctor
    """
    with opened(workspace) as house:
        found = examine(house)
        where = house.workspace
    data = {name: finding_to_row(finding) for name, finding in found.items()}
    put(shape, data, f"\n{_lines(found)}\n\n{_end(found, where)}")
    context.exit(EXIT.get(worst(found), 0))


def _lines(found: Mapping[str, Finding]) -> str:
    width = min(shutil.get_terminal_size((WIDEST, 0)).columns, WIDEST)
    return "\n".join(_line(name, finding, width) for name, finding in found.items())


def _line(name: str, finding: Finding, width: int) -> str:
    sign, colour = SIGNS[finding.state]
    indent = " " * (NAME + 5)
    said = textwrap.fill(finding.said, width, initial_indent=indent, subsequent_indent=indent)
    head = f"  {click.style(sign, fg=colour, bold=True)}  {name:<{NAME}}"
    lines = [head + said[len(indent) :]]
    if finding.mend:
        arrow = indent + "→ "
        room = max(width, len(arrow) + 20)
        more = textwrap.fill(finding.mend, room, initial_indent=arrow, subsequent_indent=indent)
        lines.append(click.style(more, fg=colour))
    return "\n".join(lines)


def _end(found: Mapping[str, Finding], where: Path) -> str:
    bad = [name for name, finding in found.items() if finding.state in EXIT]
    if not bad:
        return f"{where} is well."
    few = "One thing needs" if len(bad) == 1 else f"{len(bad)} things need"
    return f"{few} mending in {where}: {', '.join(bad)}."
