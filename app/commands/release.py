"""release: pack a model with its certificate; verify: check one without the store."""

import json
from pathlib import Path

import click

from app.certificate import CERTIFICATE, check, pack
from app.commands.common import format_option, opened, put, say, workspace_option
from app.commands.gate import check_integrity
from app.commands.report import judged_now
from app.commands.study import study_option


@click.command()
@study_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("release"),
    show_default=True,
    help="A folder that is not there yet.",
)
@workspace_option
def release(study: str | None, out: Path, workspace: Path | None) -> None:
    """Pack the model of a study, the schema of its lists and a certificate into a folder.

    Only a passing verdict is packed, or one that was overridden with a reason.

    Example: brandswipe release --study autumn --out release
    """
    with opened(workspace) as house:
        check_integrity(house)
        judged = judged_now(house, study)
        folder = pack(house, judged, out)
    click.echo(str(folder))
    say(f"Packed the model of {judged.row.name!r}. Check it with `brandswipe verify {folder}`.")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@format_option
def verify(folder: Path, shape: str) -> None:
    """Check a release folder by itself: exit 0 where it is what was certified, 4 where not.

    Example: brandswipe verify release
    """
    said = check(folder)
    verdict = said["verdict"]
    lines = [
        f"{folder / CERTIFICATE} is whole, and so is the model {said['study']['model'][:8]}.",
        verdict["reason"],
        *(
            f"Overridden by {o['role']}: {o['outcome']}. {o['reason']}"
            for o in verdict["overrides"]
        ),
        said["scope"],
        said["check"],
    ]
    put(shape, json.loads(json.dumps(said)), "\n".join(lines))
