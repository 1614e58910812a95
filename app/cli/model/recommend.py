"""model recommend, what-if and similar: lists of brands, computed when they are asked for."""

from functools import partial
from pathlib import Path
from typing import Any

import click

from app.cli.common import (
    format_option,
    model_option,
    open_workspace,
    print_output,
    text_table,
    workspace_option,
)
from app.modeling.recommender import Stopwatch, load_recommender
from app.modeling.what_if import rank_history, read_typed_history, similar_to
from app.presentation.explanations import explanation_text
from app.workspace.workspace import Workspace
from recsys.errors import BadInputError, NotAllowedError
from recsys.models.base import BrandScore, explanation_to_row
from recsys.progress import ranking_stage

_n_option = partial(
    click.option, "--n", default=10, show_default=True, help="Number of brands in the list."
)


@click.command()
@click.argument("customer")
@_n_option(type=click.IntRange(1, 1000))
@model_option
@format_option
@workspace_option
def recommend_command(
    customer: str, n: int, model: str | None, output_format: str, workspace: Path | None
) -> None:
    """Recommend brands to one customer: compute the list now, with a reason for each brand.

    Example: brandswipe model recommend c0000042 --format json
    """
    with open_workspace(workspace) as ws:
        _refuse_linked_account(ws, customer)
        recommender, stopwatch = load_recommender(ws, model), Stopwatch()
        stored_id = ws.stored_id(customer)
        if not recommender.event_store.has_customer(stored_id):  # without a list: these are people
            raise BadInputError(f"The shop has no customer {customer!r}. Check the number.")
        evidence = recommender.evidence_of(stored_id, stopwatch)
        with stopwatch.stage(ranking_stage(len(recommender.catalog.brands))):
            scores = recommender.rank(evidence, n)
    data = {
        "model": recommender.version,
        "brands": [_score_data(score) for score in scores],
        "milliseconds": stopwatch.stages,
    }
    rows = [
        (s.rank, s.brand, f"{s.score:.3f}", explanation_text("en", s.explanation)) for s in scores
    ]
    print_output(output_format, data, text_table(["rank", "brand", "score", "why"], rows))


def _refuse_linked_account(workspace: Workspace, customer: str) -> None:
    """Raise NotAllowedError for a linked account: its brands are for that employee alone."""
    if workspace.account_links.is_linked(customer):
        workspace.store.log_event("rank refused", why="a linked account")
        raise NotAllowedError(
            "This account is a colleague's: only that colleague sees its brands, in Play."
        )


def _score_data(score: BrandScore) -> dict[str, Any]:
    return {
        "brand": score.brand,
        "rank": score.rank,
        "score": score.score,
        "reason": explanation_text("en", score.explanation),
        "why": explanation_to_row(score.explanation),
    }


@click.command()
@click.argument("history")
@model_option
@click.option("--beside", help="Second version to ask the same.")
@_n_option(type=click.IntRange(1, 100))
@format_option
@workspace_option
def what_if_command(
    history: str,
    model: str | None,
    beside: str | None,
    n: int,
    output_format: str,
    workspace: Path | None,
) -> None:
    """Recommend brands for a history that you type: HISTORY is one sentence.

    Example: brandswipe model what-if "3 purchases of Lego at full price, 1 cheap Stabilo"
    """
    with open_workspace(workspace) as ws:
        names = [model] if beside is None else [model, beside]
        answers = []
        for name in names:
            recommender = load_recommender(ws, name)
            _, evidence = read_typed_history(recommender, history)
            answers.append(rank_history(recommender, evidence, n))
    data = [
        {"model": one.version, "brands": [{"brand": s.brand, "score": s.score} for s in one.ranked]}
        for one in answers
    ]
    text = "\n\n".join(
        f"{one.version[:8]}\n"
        + text_table(
            ("rank", "brand", "why"),
            [(s.rank, s.brand, explanation_text("en", s.explanation)) for s in one.ranked],
        )
        for one in answers
    )
    print_output(output_format, data, text)


@click.command()
@click.argument("brand")
@model_option
@_n_option(type=click.IntRange(1, 100))
@format_option
@workspace_option
def similar_command(
    brand: str, model: str | None, n: int, output_format: str, workspace: Path | None
) -> None:
    """List the brands that are most similar to BRAND, because the same people prefer them.

    Example: brandswipe model similar Lego
    """
    with open_workspace(workspace) as ws:
        similar_brands = similar_to(load_recommender(ws, model), brand, n)
    data = [{"brand": name, "likeness": likeness} for name, likeness in similar_brands]
    print_output(
        output_format,
        data,
        text_table(("brand", "likeness"), [(name, f"{x:.2f}") for name, x in similar_brands]),
    )
