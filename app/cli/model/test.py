"""model test: behavioral tests of a version on made-up histories."""

from pathlib import Path

import click

from app.cli.common import (
    format_option,
    model_option,
    open_workspace,
    print_output,
    text_table,
    workspace_option,
)
from app.modeling.recommender import load_recommender
from app.modeling.what_if import trained_model
from recsys.evaluation.behavioral_tests import (
    BehaviorResult,
    behavior_result_to_row,
    run_behavioral_tests,
)

BEHAVIOR_SENTENCES = {
    "price_blind": "a brand bought at full price beats one bought as often at half of it",
    "follow": "a brand that the customer follows stands higher, or is first",
    "popularity": "the most bought brand does not beat the rare ones that the customer loves",
    "same": "the same history gives the same list, whatever the order of its events",
    "one_more": "one more event never puts the brand it is about lower",
}


@click.command()
@model_option
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Random seed of the made-up histories.",
)
@format_option
@workspace_option
def test_command(model: str | None, seed: int, output_format: str, workspace: Path | None) -> None:
    """Run the behavioral tests: made-up histories show what a version takes for a favourite.

    Example: brandswipe model test
    """
    with open_workspace(workspace) as ws:
        recommender = load_recommender(ws, model)
        results = run_behavioral_tests(
            trained_model(recommender), recommender.catalog, recommender.event_store.as_of, seed
        )
    print_output(
        output_format, [behavior_result_to_row(one) for one in results], _behavior_table(results)
    )


def _behavior_table(results: list[BehaviorResult]) -> str:
    rows = [
        (
            "yes" if one.passed else "NOT ALWAYS",
            f"{one.held} of {one.asked}",
            BEHAVIOR_SENTENCES[one.question],
            ", ".join(one.broken) or "-",
        )
        for one in results
    ]
    return text_table(("holds", "how often", "what", "not for"), rows)
