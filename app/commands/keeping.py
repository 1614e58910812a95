"""backup and restore: a workspace in one file, and back again."""

from datetime import UTC, datetime
from pathlib import Path

import click

from app.backup import back_up, restore
from app.commands.common import opened, say, workspace_option
from app.rows.database import now_ms
from app.settings import keys as workspace_keys
from app.settings import missing_keys, read
from recsys.errors import IntegrityError


@click.command()
@click.argument("to", type=click.Path(path_type=Path))
@click.option("--without-events", is_flag=True, help="Leave the shop's log out; ingest it again.")
@workspace_option
def backup(to: Path, without_events: bool, workspace: Path | None) -> None:
    """Copy the workspace into one file, while people play; TO is a new file, or a folder for it.

    The keys are never in it: keep WORKSPACE/secrets apart, or nobody is known after a restore.

    Example: brandswipe backup /backups
    """
    with opened(workspace) as house:
        path, said = back_up(house.workspace, to, house.keys, now_ms(), not without_events)
        where = house.workspace / "secrets"
    click.echo(str(path))
    say(f"Backed up {len(said.files):,} files and read each again: all hashes agree.")
    say(f"The keys are not in it: keep {where} in another place.")


@click.command(name="restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@workspace_option
def restore_command(file: Path, workspace: Path | None) -> None:
    """Put a backup in place of the workspace's data; the server must be stopped.

    What was there is set aside, and the keys stay as they are.

    Example: brandswipe restore /backups/brandswipe-20261125-020000.tar
    """
    settings = read(workspace)
    known = None if missing_keys(settings) else workspace_keys(settings)
    done = restore(settings.workspace, file, known, now_ms())
    made = datetime.fromtimestamp(done.contents.made_at / 1000, UTC)
    say(f"Restored {len(done.contents.files):,} files of {made:%d %B %Y, %H:%M} UTC.")
    if done.set_aside:
        say(f"What was here is in {done.set_aside}: delete it once all is well.")
    if not done.same_keys:
        say(
            "The keys here are not those of the backup: nobody is known again until "
            f"{settings.workspace / 'secrets'} is put back too."
        )
    say("Whoever was forgotten since then is back: forget them again.")
    if done.differs:
        raise IntegrityError(
            f"It was not what was written when it was backed up: {'; '.join(done.differs[:5])}."
        )
