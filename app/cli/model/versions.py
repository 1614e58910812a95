"""models: the versions, what people write beside them, two of them side by side, a card."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from app.cli.common import format_option, opened, progress, put, say, table, workspace_option
from app.modeling.comparison import Compared, compare, compared_to_row, differing
from app.reports.model_card import model_card
from app.storage.model_registry import ALIASES, Version
from app.study.feedback import refused_brands
from app.study.results import studies_of
from app.workspace.workspace import House
from recsys.report.rejections import RefusedBrand, refused_to_row
from recsys.stats import Estimate

FEWER = "under 10"


@click.group()
def models() -> None:
    """List, tag, compare and describe model versions."""


@models.command(name="list")
@format_option
@workspace_option
def list_(shape: str, workspace: Path | None) -> None:
    """List all versions, the newest first, with aliases, tags and notes.

    Example: brandswipe models list
    """
    with opened(workspace) as house:
        data = [_data(house, version) for version in house.registry.versions()]
    head = ("version", "made", "customers", "called", "studies", "last note")
    put(shape, data, table(head, [_row(found) for found in data]))


def _data(house: House, version: Version) -> dict[str, Any]:
    aliases, remarks = house.registry.aliases(), house.registry.remarks
    return {
        "version": version.hash,
        "made": f"{datetime.fromtimestamp(version.made_at / 1000, UTC):%Y-%m-%d %H:%M}",
        "aliases": [name for name, hash in aliases.items() if hash == version.hash],
        "tags": remarks.tags(version.hash),
        "notes": [note.text for note in remarks.notes(version.hash)],
        "studies": {s.judged.row.name: s.outcome for s in studies_of(house, version.hash)},
        "facts": dict(version.facts),
    }


def _row(found: dict[str, Any]) -> tuple[str, ...]:
    studies = (f"{name}: {outcome}" for name, outcome in found["studies"].items())
    return (
        found["version"][:8],
        found["made"],
        f"{found['facts'].get('customers', 0):,}",
        ", ".join([*found["aliases"], *found["tags"]]) or "-",
        "; ".join(studies) or "-",
        next(reversed(found["notes"]), "-"),
    )


@models.command()
@click.argument("model")
@click.argument("text")
@workspace_option
def note(model: str, text: str, workspace: Path | None) -> None:
    """Write a note beside a version; notes are added and never changed.

    Example: brandswipe models note champion "the one of the spring pilot"
    """
    with opened(workspace) as house:
        version = house.version(model)
        house.registry.remarks.note(version.hash, text)
    say(f"Noted beside {version.name}.")


@models.command()
@click.argument("model")
@click.argument("name")
@click.option("--off", is_flag=True, help="Take the tag off.")
@workspace_option
def tag(model: str, name: str, off: bool, workspace: Path | None) -> None:
    """Tag a version; a tag that one version alone has may name it everywhere.

    Example: brandswipe models tag candidate spring-2026
    """
    with opened(workspace) as house:
        version, remarks = house.version(model), house.registry.remarks
        (remarks.untag if off else remarks.tag)(version.hash, name)
    say(f"{version.name} {'is no longer' if off else 'is'} tagged {name}.")


@models.command()
@click.argument("name", type=click.Choice(ALIASES))
@click.argument("model")
@workspace_option
def alias(name: str, model: str, workspace: Path | None) -> None:
    """Let candidate or champion name a version.

    Example: brandswipe models alias champion spring-2026
    """
    with opened(workspace) as house:
        version = house.version(model)
        house.registry.point(name, version.hash)
    say(f"{version.name} is the {name}.")


@models.command()
@click.argument("model", required=False)
@workspace_option
def card(model: str | None, workspace: Path | None) -> None:
    """Write a version's model card in Markdown.

    Example: brandswipe models card candidate > card.md
    """
    with opened(workspace) as house:
        click.echo(model_card(house, house.version(model)), nl=False)


@models.command(name="compare")
@click.argument("first")
@click.argument("second")
@format_option
@workspace_option
def compare_(first: str, second: str, shape: str, workspace: Path | None) -> None:
    """Set a second version against a first one: parameters, figures, lists, brands that move.

    Example: brandswipe models compare champion candidate
    """
    with opened(workspace) as house, progress() as tell:
        one, two = house.version(first), house.version(second)
        done = compare(house, one, two, tell)
    changed = differing(one, two)
    data = {"parameters": {name: [a, b] for name, a, b in changed}, **compared_to_row(done)}
    rows = [(name, *("-" if v is None else str(v)[:12] for v in pair)) for name, *pair in changed]
    put(shape, data, table(("differs in", one.name, two.name), rows))
    _tell(done, two)


def _tell(done: Compared, second: Version) -> None:
    say(
        f"Of the first ten of the same {done.people:,} people both have {_share(done.shared)}; "
        f"rising and falling are counted in people."
    )
    for word, found in (("rises", done.rising), ("falls", done.falling)):
        for move in found[:5]:
            say(f"  {move.brand} {word}: {_people(move.first)} to {_people(move.second)}")
    if done.why_none:
        say(done.why_none)
        return
    for line in done.differences:
        say(f"  {second.name} ahead in {line.metric}@10, {line.task}: {_number(line.ahead)}")
    say("Intervals are 95%, by bootstrap over customers, paired.")


def _people(number: int | None) -> str:
    return FEWER if number is None else str(number)


def _share(found: Estimate) -> str:
    if found.value is None:
        return str(found.reason)
    return f"{found.value:.0%} ({found.low:.0%} to {found.high:.0%})"


def _number(found: Estimate) -> str:
    if found.value is None:
        return str(found.reason)
    return f"{found.value:+.3f} ({found.low:+.3f} to {found.high:+.3f})"


@models.command()
@click.argument("model", required=False)
@format_option
@workspace_option
def refused(model: str | None, shape: str, workspace: Path | None) -> None:
    """List the picks that people refused most, why, and what such picks are made of.

    Example: brandswipe models refused champion
    """
    with opened(workspace) as house:
        found = refused_brands(house, house.version(model).hash)
    head = ("brand", "people", "refused", "reasons given", "what stands behind it")
    put(shape, [refused_to_row(brand) for brand in found], table(head, list(_refused(found))))
    say("Of colleagues no history is kept: what stands behind a brand is of other customers.")


def _refused(found: Iterable[RefusedBrand]) -> Iterable[Sequence[str]]:
    for brand in found:
        reasons = (f"{why} {people} or more" for why, people in brand.reasons.items())
        kinds = (f"{kind.replace('_', ' ')} {share:.0%}" for kind, share in brand.kinds.items())
        yield (
            brand.brand,
            str(brand.people),
            f"{brand.share:.0%}",
            ", ".join(reasons) or "-",
            ", ".join(kinds) or "-",
        )
