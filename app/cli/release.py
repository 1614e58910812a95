"""Commands on a release: create, verify, export and ab-test."""

import json
import os
from pathlib import Path
from typing import Any

import click

from app.cli.common import (
    format_option,
    open_workspace,
    print_message,
    print_output,
    progress_reporter,
    study_option,
    text_table,
    workspace_option,
)
from app.cli.study.gate import check_integrity
from app.modeling.batch_export import export_lists
from app.modeling.batch_part import ExportSpec
from app.presentation.i18n import LANGUAGES
from app.reports.ab_test import ABTestResult, read_ab_test
from app.reports.html.ab_test import (
    ab_test_html,
    ab_test_sentences,
    difference_table,
    variant_table,
)
from app.reports.release import CERTIFICATE_FILE, adopt_release, check_release, pack_release
from app.storage.evidence_table import EvidenceTable
from app.study.results import latest_study, study_status
from app.workspace.workspace import Workspace
from recsys.ab_test.assignment import Variants
from recsys.errors import BadInputError


@click.command()
@study_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("release"),
    show_default=True,
    help="New folder to write the release into.",
)
@workspace_option
def create_command(study: str | None, out: Path, workspace: Path | None) -> None:
    """Pack the model of a study, the schema of its lists and a certificate into a folder.

    The verdict must be a release, or be overridden with a reason.

    Example: brandswipe release create --study autumn --out release
    """
    with open_workspace(workspace) as ws:
        check_integrity(ws)
        result = study_status(ws.store, latest_study(ws.store, study))
        folder = pack_release(ws, result, out)
    click.echo(str(folder))
    print_message(
        f"Packed the model of {result.row.name!r}. "
        f"Check it with `brandswipe release verify {folder}`."
    )


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@format_option
def verify_command(folder: Path, output_format: str) -> None:
    """Verify a release folder by itself; no workspace is needed.

    The exit code is 0 if the folder is what was certified, and 4 if it is not.

    Example: brandswipe release verify release
    """
    certificate = check_release(folder)
    verdict = certificate["verdict"]
    lines = [
        f"{folder / CERTIFICATE_FILE} is whole, and so is the model "
        f"{certificate['study']['model'][:8]}.",
        verdict["reason"],
        *(
            f"Overridden by {o['role']}: {o['outcome']}. {o['reason']}"
            for o in verdict["overrides"]
        ),
        certificate["scope"],
        certificate["check"],
    ]
    print_output(output_format, json.loads(json.dumps(certificate)), "\n".join(lines))


@click.command()
@click.option(
    "--model",
    show_default="the candidate, else the newest",
    help="Model version, or the folder of a release.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("carousels"),
    show_default=True,
    help="New folder to write into, or the folder of a run that was stopped.",
)
@click.option(
    "--n",
    type=click.IntRange(1, 100),
    default=10,
    show_default=True,
    help="Number of brands for each customer.",
)
@click.option(
    "--arms", help="Percentage of customers for each arm, like model:45,baseline:45,none:10."
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Random seed for the assignment of customers to arms.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=os.cpu_count() or 1,
    show_default="processors",
    help="Number of processes; the lists are the same with any number.",
)
@click.option("--evidence", help="Export the customers of a table that the warehouse aggregated.")
@workspace_option
def export_command(
    model: str | None,
    out: Path,
    n: int,
    arms: str | None,
    seed: int,
    workers: int,
    evidence: str | None,
    workspace: Path | None,
) -> None:
    """Export the favourite brands of every customer as Parquet files.

    A run that was stopped goes on where it was.

    Example: brandswipe release export --model release --out carousels
    """
    variant_shares = None if arms is None else dict(Variants.parse(arms, seed).shares)
    with open_workspace(workspace) as ws, progress_reporter() as report_progress:
        version, policy = _version_and_policy(ws, model)
        evidence_table = None if evidence is None else EvidenceTable.open(evidence, ws.is_erased)
        digest = None if evidence_table is None else evidence_table.digest
        spec = ExportSpec(version, policy, n, arms=variant_shares, seed=seed, evidence=digest)
        customers = export_lists(ws, spec, out, workers, report_progress, evidence_table)
    click.echo(str(out))
    print_message(f"{customers:,} customers. Load {out}/part-*.parquet into the shop's own store.")


def _version_and_policy(workspace: Workspace, model: str | None) -> tuple[str, dict[str, object]]:
    """Return the version and the policy under which it is shown."""
    if model is not None and Path(model).is_dir():
        return adopt_release(workspace, Path(model))
    return workspace.version(model).hash, workspace.policy.to_dict()


@click.command()
@click.argument("exposures")
@click.argument("outcomes")
@click.option("--arms", help="Planned share of each arm, like model:45,baseline:45,none:10.")
@click.option(
    "--release",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the release; compare the result with its swipe study.",
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json", "html"]),
    default="text",
    show_default=True,
    help="Text or one HTML file for people, or JSON for machines.",
)
@click.option(
    "--lang",
    "language",
    type=click.Choice(list(LANGUAGES)),
    default="en",
    show_default=True,
    help="Language of the text and of the HTML file.",
)
def ab_test_command(
    exposures: str,
    outcomes: str,
    arms: str | None,
    release: Path | None,
    output_format: str,
    language: str,
) -> None:
    """Analyze the A/B test of a carousel: the brands that were shown, and what customers did.

    EXPOSURES has the columns customer_id and arm, and ts and brand where they are known. OUTCOMES
    has customer_id and event (click, view or purchase), and ts and brand. The bounds hold on
    whatever day you look.

    Example: brandswipe release ab-test exposures.csv outcomes.csv --arms model:50,none:50
    """
    result = read_ab_test(
        exposures, outcomes, None if arms is None else parse_variant_shares(arms), release
    )
    if output_format == "html":
        click.echo(ab_test_html(language, result))
    else:
        print_output(output_format, _ab_test_data(result), _ab_test_text(language, result))


def parse_variant_shares(shares_text: str) -> dict[str, float]:
    """Parse the planned shares of arms, written as name:share,name:share."""
    pairs = [part.rpartition(":") for part in shares_text.split(",")]
    try:
        shares = {name.strip(): float(share) for name, _, share in pairs}
    except ValueError:
        shares = {}
    if "" in shares or len(shares) < len(pairs) or not all(0 < s < 1e9 for s in shares.values()):
        raise BadInputError(
            f"--arms {shares_text} is no plan; write it as --arms model:45,baseline:55."
        )
    return shares


def _ab_test_text(language: str, result: ABTestResult) -> str:
    frames = [variant_table(language, result.analysis), difference_table(language, result.analysis)]
    table_texts = [text_table(list(frame.columns), frame.to_numpy().tolist()) for frame in frames]
    return "\n\n".join([*ab_test_sentences(language, result), *table_texts])


def _ab_test_data(result: ABTestResult) -> dict[str, Any]:
    analysis, ratio_check, study_agreement = (
        result.analysis,
        result.analysis.ratio,
        result.study_agreement,
    )
    return {
        "arms": [{"name": a.name, "customers": a.customers, **a.shares} for a in analysis.variants],
        "differences": [
            {
                "arm": name,
                "measure": measure,
                "value": found.value,
                "low": found.low,
                "high": found.high,
                "reason": found.reason,
            }
            for name, measures in analysis.differences.items()
            for measure, found in measures.items()
        ],
        "alpha": analysis.alpha,
        "ratio": None
        if ratio_check is None
        else {"planned": dict(ratio_check.planned), "off": ratio_check.mismatch},
        "twice": result.in_two_variants,
        "others": result.unmatched_outcomes,
        "study": result.study,
        "foretold": None
        if study_agreement is None
        else {"lift": study_agreement.lift, "agrees": study_agreement.agrees},
    }
