"""forget, purge and keys: what goes, when it goes, and what it was locked with."""

from datetime import UTC, datetime
from pathlib import Path

import click

from app.auth.identity import badge, every_participant_of
from app.cli.common import opened, say, workspace_option
from app.operations.backup import back_up, restore
from app.storage.event_store.erasure import erase
from app.storage.ingest.rejects import erase_from_rejects
from app.storage.study_db.database import now_ms
from app.study import privacy
from app.study.privacy import forget as forget_all
from app.workspace.settings import keys as workspace_keys
from app.workspace.settings import missing_keys, read, turn_key
from recsys.errors import IntegrityError, NotAllowedError
from recsys.study.policy import StudyKind


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


@click.command()
@click.argument("subject")
@workspace_option
def forget(subject: str, workspace: Path | None) -> None:
    """Erase all that is stored of one employee, by the subject of her login, and her link.

    Verdicts stay as they are: of her closed decks the scores are kept, without person or brand.

    Example: brandswipe forget 00u1a2b3
    """
    with opened(workspace) as house:
        gone = forget_all(house.store, every_participant_of(house.keys, subject))
        unlinked = house.accounts.unlink(badge(house.keys, subject))
        house.store.log("somebody was forgotten", decks=gone.decks, unlinked=unlinked)
    say(f"Erased {gone.decks} decks with {gone.swipes} answers{', and a link' * unlinked}.")


@click.command()
@workspace_option
def purge(workspace: Path | None) -> None:
    """Erase what is older than the setting `keep_days`; the server does so at each start.

    Example: brandswipe purge
    """
    with opened(workspace) as house:
        done = privacy.purge(house)
        days = house.settings.keep_days
    say(
        f"Of {done.people} people whose last visit is {days} days ago, {done.decks} decks are "
        f"erased; so are {done.files} files of rows that no import could use."
    )


@click.command("erase-customer")
@click.argument("customer")
@workspace_option
def erase_customer(customer: str, workspace: Path | None) -> None:
    """Take a customer of the shop out of every segment of the events, and out of the link table.

    A tombstone stays, by which a later import leaves her out and says so. Models that learnt from
    her among others stay until they are fitted again; backups are yours to erase.

    Example: brandswipe erase-customer c0000042
    """
    with opened(workspace) as house:
        tombstone = house.customers.tombstone(customer)
        gone = erase(house.workspace, house.stored_id(customer), tombstone)
        erase_from_rejects(house.workspace, customer)
        house.accounts.unlink_customer(customer)
        house.store.log("a customer was erased", events=gone)
    say(f"Erased {gone:,} events. An import of files that name this customer leaves them out.")


@click.group()
def keys() -> None:
    """The keys of a workspace."""


TOLD = {
    "signing": "Start the server again: open decks go on with the passes that they have.",
    "pseudonym": "Start the server again. Everybody is somebody new to the studies; My data and "
    "`brandswipe forget` still find what is older.",
    "link": "Start the server again, give the shop the new key, and import its new table: every "
    "link is gone.",
}
AT_ONCE = TOLD | {
    "signing": "Start the server again: open pages ask to be reloaded, and no answer is lost.",
    "pseudonym": "Start the server again. Everybody is somebody new to the studies, and nobody "
    "can find her older rows: they go when their time is over.",
}


@keys.command()
@click.argument("name", type=click.Choice(list(TOLD)))
@click.option("--at-once", is_flag=True, help="The earlier key is worth nothing from now on.")
@workspace_option
def rotate(name: str, at_once: bool, workspace: Path | None) -> None:
    """Make a new key, for the next start of the server.

    The earlier key of deck passes and of pseudonyms is kept until the next one is made: it signs
    nothing and names nobody new. Use --at-once where somebody else may know it.

    Example: brandswipe keys rotate signing
    """
    with opened(workspace) as house:
        live = [row for row in house.store.studies() if row.kind is StudyKind.LIVE]
        if name == "pseudonym" and any(row.closed_at is None for row in live):
            raise NotAllowedError(
                "A live study is open, and whoever played in it could play once more under "
                "another name: close it first with `brandswipe study close`."
            )
        turn_key(house.settings, name, kept=0 if at_once or name == "link" else 1)
        if name == "link":
            house.accounts.unlink_all()
        house.store.log("a key was rotated", key=name, at_once=at_once)
    say(f"A new key is in place. {(AT_ONCE if at_once else TOLD)[name]}")
