"""Commands of the operator: backup, restore and keys rotate."""

from datetime import UTC, datetime
from pathlib import Path

import click

from app.cli.common import open_workspace, print_message, workspace_option
from app.operations.backup import back_up, restore
from app.storage.study_db.database import now_ms
from app.workspace.settings import missing_keys, read_settings, rotate_key, workspace_keys
from recsys.errors import IntegrityError, NotAllowedError
from recsys.study.policy import StudyKind


@click.command()
@click.argument("to", type=click.Path(path_type=Path))
@click.option(
    "--without-events",
    is_flag=True,
    help="Leave out the events; after a restore you import them again.",
)
@workspace_option
def backup_command(to: Path, without_events: bool, workspace: Path | None) -> None:
    """Copy the workspace into one file while people play. TO is a new file, or a folder for it.

    The keys are never in it: keep WORKSPACE/secrets in another place, or nobody is known after a
    restore.

    Example: brandswipe admin backup /backups
    """
    with open_workspace(workspace) as ws:
        path, contents = back_up(ws.folder, to, ws.keys, now_ms(), not without_events)
        secrets_folder = ws.folder / "secrets"
    click.echo(str(path))
    print_message(f"Backed up {len(contents.files):,} files and read each again: all hashes agree.")
    print_message(f"The keys are not in it: keep {secrets_folder} in another place.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@workspace_option
def restore_command(file: Path, workspace: Path | None) -> None:
    """Put a backup in place of the workspace's data. Stop the server first.

    FILE is a backup. The data that it replaces is set aside, and the keys stay as they are.

    Example: brandswipe admin restore brandswipe-20261125-020000.tar
    """
    settings = read_settings(workspace)
    own_keys = None if missing_keys(settings) else workspace_keys(settings)
    restored = restore(settings.workspace, file, own_keys, now_ms())
    made_at = datetime.fromtimestamp(restored.contents.made_at / 1000, UTC)
    print_message(
        f"Restored {len(restored.contents.files):,} files of {made_at:%d %B %Y, %H:%M} UTC."
    )
    if restored.set_aside:
        print_message(f"What was here is in {restored.set_aside}: delete it once all is well.")
    if not restored.same_keys:
        print_message(
            "The keys here are not those of the backup: returning people are not recognized until "
            f"{settings.workspace / 'secrets'} is put back too."
        )
    print_message("Whoever was forgotten since then is back: forget them again.")
    if restored.mismatches:
        raise IntegrityError(
            "It was not what was written when it was backed up: "
            f"{'; '.join(restored.mismatches[:5])}."
        )


ROTATION_ADVICE = {
    "signing": "Start the server again: open decks go on with the passes that they have.",
    "pseudonym": "Start the server again. Everybody is somebody new to the studies; My data and "
    "`brandswipe people forget` still find what is older.",
    "link": "Start the server again, give the shop the new key, and import its new table: every "
    "link is gone.",
}
ROTATION_ADVICE_AT_ONCE = ROTATION_ADVICE | {
    "signing": "Start the server again: open pages ask to be reloaded, and no answer is lost.",
    "pseudonym": "Start the server again. Everybody is somebody new to the studies, and nobody "
    "can find the older rows: they go when their time is over.",
}


@click.command()
@click.argument("name", type=click.Choice(list(ROTATION_ADVICE)))
@click.option("--at-once", is_flag=True, help="Make the earlier key worthless from now on.")
@workspace_option
def rotate_command(name: str, at_once: bool, workspace: Path | None) -> None:
    """Make a new key for the next start of the server.

    The earlier signing or pseudonym key is kept until the next rotation: it signs nothing and
    names nobody new. Use --at-once if somebody else may know it.

    Example: brandswipe admin keys rotate signing
    """
    with open_workspace(workspace) as ws:
        live_studies = [row for row in ws.store.studies.all() if row.kind is StudyKind.LIVE]
        if name == "pseudonym" and any(row.closed_at is None for row in live_studies):
            raise NotAllowedError(
                "A live study is open, and whoever played in it could play once more under "
                "another name: close it first with `brandswipe study close`."
            )
        rotate_key(ws.settings, name, keep=0 if at_once or name == "link" else 1)
        if name == "link":
            ws.account_links.unlink_all()
        ws.store.log_event("a key was rotated", key=name, at_once=at_once)
    print_message(
        f"A new key is in place. {(ROTATION_ADVICE_AT_ONCE if at_once else ROTATION_ADVICE)[name]}"
    )
