"""import-lists, what-if, similar, behave, power and learn: a version before people judge it."""

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
from app.modeling.import_lists import MAX_BAD_SHARE, import_lists, imported_to_row
from app.modeling.recommender import load_recommender
from app.modeling.what_if import rank_history, read_typed_history, similar_to, trained_model
from app.presentation.explanations import explanation_text
from app.study.feedback import learn_from_study
from app.study.power import DEFAULT_PLAYERS, powered_to_row, simulate_power
from recsys.evaluation.behavioral_tests import (
    BehaviorResult,
    behavior_result_to_row,
    run_behavioral_tests,
)
from recsys.simulation.raters import PANELS

BEHAVIOR_SENTENCES = {
    "price_blind": "a brand bought at full price beats one bought as often at half of it",
    "follow": "a brand that she follows stands higher, or is first",
    "popularity": "the most bought brand does not beat the rare ones that she loves",
    "same": "the same history gives the same list, whatever the order of its events",
    "one_more": "one more event never puts the brand it is about lower",
}
model_option = click.option("--model", help="Version; without it the candidate, else the newest.")


@click.command(name="import-lists")
@click.argument("lists", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="A tag for the version, like shop-search-2026.")
@click.option("--max-bad", type=click.FloatRange(0, 1), default=MAX_BAD_SHARE, show_default=True)
@format_option
@workspace_option
def import_lists_command(
    lists: Path, name: str, max_bad: float, output_format: str, workspace: Path | None
) -> None:
    """Register any system's lists (Parquet: customer, brand, score) as a model version.

    Example: brandswipe import-lists LISTS.parquet --name theirs
    """
    with open_workspace(workspace) as ws, progress_reporter() as report_progress:
        result = import_lists(ws, lists, name, report_progress, max_bad)
    version = result.version
    print_output(output_format, imported_to_row(result), version.name)
    print_message(
        f"Registered {result.customers:,} lists, {result.rows:,} rows, as {version.name} ({name})."
    )
    for exclusion, rows in result.dropped_rows.items():
        if rows:
            print_message(f"Left out, {exclusion}: {rows:,} rows.")
    if result.short_list_share:
        print_message(
            f"{result.short_list_share:.0%} of the lists are shorter than a deck's picks and "
            "are filled up with "
            "popular brands: longer lists are judged more fairly."
        )
    print_message(f"Next: brandswipe study open --model {name}")


@click.command(name="what-if")
@click.argument("history")
@model_option
@click.option("--beside", help="A second version, asked the same.")
@click.option("--n", type=click.IntRange(1, 100), default=10, show_default=True)
@format_option
@workspace_option
def what_if(
    history: str,
    model: str | None,
    beside: str | None,
    n: int,
    output_format: str,
    workspace: Path | None,
) -> None:
    """Rank brands for a history that you type.

    Example: brandswipe what-if "3 purchases of Lego at full price, 1 cheap Stabilo"
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
@click.argument("study")
@model_option
@format_option
@workspace_option
def learn(study: str, model: str | None, output_format: str, workspace: Path | None) -> None:
    """Tune a version's weights on a simulated study's answers; its people never judge the result.

    Example: brandswipe learn autumn
    """
    with open_workspace(workspace) as ws, progress_reporter() as report_progress:
        base_version = ws.version(model)
        version = learn_from_study(ws, base_version, ws.store.studies.get(study), report_progress)
    print_output(output_format, {"version": version.hash, **version.facts}, version.name)
    weights = version.facts["options"]["weights"]
    weights_text = ", ".join(f"{name} {weight:g}" for name, weight in weights.items())
    learning_facts = version.facts["learnt"]
    print_message(
        f"Learnt from {learning_facts['people']} people, {learning_facts['cards']:,} cards: "
        f"{weights_text}."
    )
    print_message(f"None of them ever judges {version.name}. Next: brandswipe study open")


@click.command()
@click.argument("brand")
@model_option
@click.option("--n", type=click.IntRange(1, 100), default=10, show_default=True)
@format_option
@workspace_option
def similar(
    brand: str, model: str | None, n: int, output_format: str, workspace: Path | None
) -> None:
    """List the brands that the same people love.

    Example: brandswipe similar Lego
    """
    with open_workspace(workspace) as ws:
        similar_brands = similar_to(load_recommender(ws, model), brand, n)
    data = [{"brand": name, "likeness": likeness} for name, likeness in similar_brands]
    print_output(
        output_format,
        data,
        text_table(("brand", "likeness"), [(name, f"{x:.2f}") for name, x in similar_brands]),
    )


@click.command(name="behave")
@model_option
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@format_option
@workspace_option
def behavioral_tests_command(
    model: str | None, seed: int, output_format: str, workspace: Path | None
) -> None:
    """Ask a version what a favourite is, with made-up histories.

    Example: brandswipe behave
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


@click.command(name="power")
@model_option
@click.option("--panel", type=click.Choice(sorted(PANELS)), default="honest", show_default=True)
@click.option(
    "--players", type=click.IntRange(20, 20_000), default=DEFAULT_PLAYERS, show_default=True
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@format_option
@workspace_option
def power_command(
    model: str | None,
    panel: str,
    players: int,
    seed: int,
    output_format: str,
    workspace: Path | None,
) -> None:
    """Let simulated employees judge a version, and say when the gate would decide.

    Example: brandswipe power --players 2000 --panel honest
    """
    with open_workspace(workspace) as ws, progress_reporter() as report_progress:
        result = simulate_power(ws, ws.version(model), panel, players, seed, report_progress)
    decision_rates = result.power.looks
    rows = [(look.people, f"{look.released:.0%}", f"{look.held:.0%}") for look in decision_rates]
    print_output(
        output_format,
        powered_to_row(result),
        text_table(("people", "released by then", "held by then"), rows),
    )
    print_message(f"{result.players:,} simulated employees ({panel}): {result.reason}")
    print_message(_decision_time_text(result.power.median, result.power.most, result.power.horizon))


def _decision_time_text(median: int | None, most: int | None, horizon: int) -> str:
    if median is None:
        return f"Fewer than half of the studies decide within {horizon} people."
    nine_in_ten = (
        f"nine of ten after {most}" if most else f"fewer than nine of ten within {horizon}"
    )
    return f"Half of the studies decide after {median} people, {nine_in_ten}."
