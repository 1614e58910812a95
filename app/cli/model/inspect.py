"""import-lists, what-if, similar, behave, power and learn: a version before people judge it."""

from pathlib import Path

import click

from app.cli.common import format_option, opened, progress, put, say, table, workspace_option
from app.modeling.import_lists import MOST_BAD, import_lists, imported_to_row
from app.modeling.recommender import load_brain
from app.modeling.what_if import alike, asked, learnt, typed
from app.presentation.explanations import reason
from app.study.feedback import learn_from
from app.study.power import PLAYERS, played, powered_to_row
from recsys.evaluation.behavioral_tests import Behaved, behave, behaved_to_row
from recsys.simulation.raters import PANELS

SENTENCES = {
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
@click.option("--max-bad", type=click.FloatRange(0, 1), default=MOST_BAD, show_default=True)
@format_option
@workspace_option
def import_lists_(
    lists: Path, name: str, max_bad: float, shape: str, workspace: Path | None
) -> None:
    """Register any system's lists (Parquet: customer, brand, score) as a model version.

    Example: brandswipe import-lists LISTS.parquet --name theirs
    """
    with opened(workspace) as house, progress() as tell:
        done = import_lists(house, lists, name, tell, max_bad)
    version = done.version
    put(shape, imported_to_row(done), version.name)
    say(f"Registered {done.customers:,} lists, {done.rows:,} rows, as {version.name} ({name}).")
    for why, rows in done.left_out.items():
        if rows:
            say(f"Left out, {why}: {rows:,} rows.")
    if done.short:
        say(
            f"{done.short:.0%} of the lists are shorter than a deck's picks and are filled up with "
            "popular brands: longer lists are judged more fairly."
        )
    say(f"Next: brandswipe study open --model {name}")


@click.command(name="what-if")
@click.argument("history")
@model_option
@click.option("--beside", help="A second version, asked the same.")
@click.option("--n", type=click.IntRange(1, 100), default=10, show_default=True)
@format_option
@workspace_option
def what_if(
    history: str, model: str | None, beside: str | None, n: int, shape: str, workspace: Path | None
) -> None:
    """Rank brands for a history that you type.

    Example: brandswipe what-if "3 purchases of Lego at full price, 1 cheap Stabilo"
    """
    with opened(workspace) as house:
        names = [model] if beside is None else [model, beside]
        lists = []
        for name in names:
            brain = load_brain(house, name)
            _, evidence = typed(brain, history)
            lists.append(asked(brain, evidence, n))
    data = [
        {"model": one.version, "brands": [{"brand": s.brand, "score": s.score} for s in one.ranked]}
        for one in lists
    ]
    text = "\n\n".join(
        f"{one.version[:8]}\n"
        + table(
            ("rank", "brand", "why"), [(s.rank, s.brand, reason("en", s.why)) for s in one.ranked]
        )
        for one in lists
    )
    put(shape, data, text)


@click.command()
@click.argument("study")
@model_option
@format_option
@workspace_option
def learn(study: str, model: str | None, shape: str, workspace: Path | None) -> None:
    """Tune a version's weights on a simulated study's answers; its people never judge the result.

    Example: brandswipe learn autumn
    """
    with opened(workspace) as house, progress() as tell:
        before = house.version(model)
        version = learn_from(house, before, house.store.study(study), tell)
    put(shape, {"version": version.hash, **version.facts}, version.name)
    weights = version.facts["options"]["weights"]
    said = ", ".join(f"{name} {weight:g}" for name, weight in weights.items())
    learnt_of = version.facts["learnt"]
    say(f"Learnt from {learnt_of['people']} people, {learnt_of['cards']:,} cards: {said}.")
    say(f"None of them ever judges {version.name}. Next: brandswipe study open")


@click.command()
@click.argument("brand")
@model_option
@click.option("--n", type=click.IntRange(1, 100), default=10, show_default=True)
@format_option
@workspace_option
def similar(brand: str, model: str | None, n: int, shape: str, workspace: Path | None) -> None:
    """List the brands that the same people love.

    Example: brandswipe similar Lego
    """
    with opened(workspace) as house:
        found = alike(load_brain(house, model), brand, n)
    data = [{"brand": name, "likeness": likeness} for name, likeness in found]
    put(shape, data, table(("brand", "likeness"), [(name, f"{x:.2f}") for name, x in found]))


@click.command(name="behave")
@model_option
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@format_option
@workspace_option
def behave_(model: str | None, seed: int, shape: str, workspace: Path | None) -> None:
    """Ask a version what a favourite is, with made-up histories.

    Example: brandswipe behave
    """
    with opened(workspace) as house:
        brain = load_brain(house, model)
        found = behave(learnt(brain), brain.catalogue, brain.warehouse.as_of, seed)
    put(shape, [behaved_to_row(one) for one in found], _behaved(found))


def _behaved(found: list[Behaved]) -> str:
    rows = [
        (
            "yes" if one.passed else "NOT ALWAYS",
            f"{one.held} of {one.asked}",
            SENTENCES[one.question],
            ", ".join(one.broken) or "-",
        )
        for one in found
    ]
    return table(("holds", "how often", "what", "not for"), rows)


@click.command(name="power")
@model_option
@click.option("--panel", type=click.Choice(sorted(PANELS)), default="honest", show_default=True)
@click.option("--players", type=click.IntRange(20, 20_000), default=PLAYERS, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@format_option
@workspace_option
def power_(
    model: str | None, panel: str, players: int, seed: int, shape: str, workspace: Path | None
) -> None:
    """Let simulated employees judge a version, and say when the gate would decide.

    Example: brandswipe power --players 2000 --panel honest
    """
    with opened(workspace) as house, progress() as tell:
        done = played(house, house.version(model), panel, players, seed, tell)
    looks = done.power.looks
    rows = [(look.people, f"{look.released:.0%}", f"{look.held:.0%}") for look in looks]
    put(shape, powered_to_row(done), table(("people", "released by then", "held by then"), rows))
    say(f"{done.players:,} simulated employees ({panel}): {done.reason}")
    say(_when(done.power.median, done.power.most, done.power.horizon))


def _when(median: int | None, most: int | None, horizon: int) -> str:
    if median is None:
        return f"Fewer than half of the studies decide within {horizon} people."
    rest = f"nine of ten after {most}" if most else f"fewer than nine of ten within {horizon}"
    return f"Half of the studies decide after {median} people, {rest}."
