"""model compare: two versions beside each other, on the same customers."""

from pathlib import Path

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
from app.storage.model_registry import ModelVersion
from recsys.stats import Estimate

FEWER_THAN_TEN = "under 10"


@click.command()
@click.argument("first")
@click.argument("second")
@format_option
@workspace_option
def compare_command(first: str, second: str, output_format: str, workspace: Path | None) -> None:
    """Compare two versions on the same customers: parameters, metrics, lists and rank changes.

    Example: brandswipe model compare champion candidate
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
