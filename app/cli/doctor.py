"""doctor: is all well here, and what is to be mended?"""

import shutil
import textwrap
from collections.abc import Mapping
from pathlib import Path

import click

from app.cli.common import format_option, open_workspace, print_output, workspace_option
from app.operations.doctor.finding import CheckState, Finding, finding_to_row
from app.operations.doctor.run import run_checks, worst_state

EXIT_CODES = {CheckState.MEND: 2, CheckState.BROKEN: 4}
STATE_MARKS = {
    CheckState.WELL: ("✓", "green"),
    CheckState.IDLE: ("·", "bright_black"),
    CheckState.ADVICE: ("!", "yellow"),
    CheckState.MEND: ("✗", "red"),
    CheckState.BROKEN: ("✗", "red"),
}
NAME_WIDTH = 13  # columns of a check's name
MAX_WIDTH = 96


@click.command()
@format_option
@workspace_option
@click.pass_context
def doctor_command(context: click.Context, output_format: str, workspace: Path | None) -> None:
    """Check a workspace and its surroundings. Every line that is not well says what mends it.

    The exit code is 0 if all is well, 2 if something needs mending, and 4 if stored data fails its
    integrity check.

    Example: brandswipe doctor
    """
    with open_workspace(workspace) as ws:
        findings = run_checks(ws)
        path = ws.folder
    data = {name: finding_to_row(finding) for name, finding in findings.items()}
    print_output(output_format, data, f"\n{_findings_text(findings)}\n\n{_summary(findings, path)}")
    context.exit(EXIT_CODES.get(worst_state(findings), 0))


def _findings_text(findings: Mapping[str, Finding]) -> str:
    width = min(shutil.get_terminal_size((MAX_WIDTH, 0)).columns, MAX_WIDTH)
    return "\n".join(_finding_text(name, finding, width) for name, finding in findings.items())


def _finding_text(name: str, finding: Finding, width: int) -> str:
    mark, color = STATE_MARKS[finding.state]
    indent = " " * (NAME_WIDTH + 5)
    message = textwrap.fill(finding.message, width, initial_indent=indent, subsequent_indent=indent)
    heading = f"  {click.style(mark, fg=color, bold=True)}  {name:<{NAME_WIDTH}}"
    lines = [heading + message[len(indent) :]]
    if finding.remedy:
        remedy_indent = indent + "→ "
        remedy_width = max(width, len(remedy_indent) + 20)
        remedy = textwrap.fill(
            finding.remedy, remedy_width, initial_indent=remedy_indent, subsequent_indent=indent
        )
        lines.append(click.style(remedy, fg=color))
    return "\n".join(lines)


def _summary(findings: Mapping[str, Finding], path: Path) -> str:
    failing = [name for name, finding in findings.items() if finding.state in EXIT_CODES]
    if not failing:
        return f"{path} is well."
    how_many = "One thing needs" if len(failing) == 1 else f"{len(failing)} things need"
    return f"{how_many} mending in {path}: {', '.join(failing)}."
