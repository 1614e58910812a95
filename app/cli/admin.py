"""forget, purge and keys: what goes, when it goes, and what it was locked with."""

from datetime import UTC, datetime
from pathlib import Path

import click

from app.auth.identity import all_employee_pseudonyms, badge
from app.cli.common import open_workspace, print_message, workspace_option
from app.operations.backup import back_up, restore
from app.storage.event_store.erasure import erase_from_event_store
from app.storage.ingest.rejects import erase_from_rejects
from app.storage.study_db.database import now_ms
from app.study import privacy
from app.study.privacy import forget_person as forget_all
from app.workspace.settings import missing_keys, read_settings, rotate_key
from app.workspace.settings import workspace_keys as workspace_keys
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
    with open_workspace(workspace) as ws:
        path, contents = back_up(ws.folder, to, ws.keys, now_ms(), not without_events)
        secrets_folder = ws.folder / "secrets"
    click.echo(str(path))
    print_message(f"Backed up {len(contents.files):,} files and read each again: all hashes agree.")
    print_message(f"The keys are not in it: keep {secrets_folder} in another place.")


@click.command(name="restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@workspace_option
def restore_command(file: Path, workspace: Path | None) -> None:
    """Put a backup in place of the workspace's data; the server must be stopped.

    What was there is set aside, and the keys stay as they are.

    Example: brandswipe restore /backups/brandswipe-20261125-020000.tar
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
            "The keys here are not those of the backup: nobody is known again until "
            f"{settings.workspace / 'secrets'} is put back too."
        )
    print_message("Whoever was forgotten since then is back: forget them again.")
    if restored.mismatches:
        raise IntegrityError(
            "It was not what was written when it was backed up: "
            f"{'; '.join(restored.mismatches[:5])}."
        )


@click.command()
@click.argument("subject")
@workspace_option
def forget(subject: str, workspace: Path | None) -> None:
    """Erase all that is stored of one employee, by the subject of her login, and her link.

    Verdicts stay as they are: of her closed decks the scores are kept, without person or brand.

    Example: brandswipe forget 00u1a2b3
    """
    with open_workspace(workspace) as ws:
        erased = forget_all(ws.store, all_employee_pseudonyms(ws.keys, subject))
        unlinked = ws.account_links.unlink(badge(ws.keys, subject))
        ws.store.log_event("somebody was forgotten", decks=erased.decks, unlinked=unlinked)
    print_message(
        f"Erased {erased.decks} decks with {erased.swipes} answers{', and a link' * unlinked}."
    )


@click.command()
@workspace_option
def purge(workspace: Path | None) -> None:
    """Erase what is older than the setting `keep_days`; the server does so at each start.

    Example: brandswipe purge
    """
    with open_workspace(workspace) as ws:
        result = privacy.purge_expired(ws)
        days = ws.settings.keep_days
    print_message(
        f"Of {result.people} people whose last visit is {days} days ago, {result.decks} decks are "
        f"erased; so are {result.files} files of rows that no import could use."
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
    with open_workspace(workspace) as ws:
        tombstone = ws.customer_ids.tombstone(customer)
        erased_events = erase_from_event_store(ws.folder, ws.stored_id(customer), tombstone)
        erase_from_rejects(ws.folder, customer)
        ws.account_links.unlink_customer(customer)
        ws.store.log_event("a customer was erased", events=erased_events)
    print_message(
        f"Erased {erased_events:,} events. An import of files that name this customer leaves "
        "them out."
    )


@click.group()
def keys() -> None:
    """The keys of a workspace."""


ROTATION_ADVICE = {
    "signing": "Start the server again: open decks go on with the passes that they have.",
    "pseudonym": "Start the server again. Everybody is somebody new to the studies; My data and "
    "`brandswipe forget` still find what is older.",
    "link": "Start the server again, give the shop the new key, and import its new table: every "
    "link is gone.",
}
ROTATION_ADVICE_AT_ONCE = ROTATION_ADVICE | {
    "signing": "Start the server again: open pages ask to be reloaded, and no answer is lost.",
    "pseudonym": "Start the server again. Everybody is somebody new to the studies, and nobody "
    "can find her older rows: they go when their time is over.",
}


@keys.command()
@click.argument("name", type=click.Choice(list(ROTATION_ADVICE)))
@click.option("--at-once", is_flag=True, help="The earlier key is worth nothing from now on.")
@workspace_option
def rotate(name: str, at_once: bool, workspace: Path | None) -> None:
    """Make a new key, for the next start of the server.

    The earlier key of deck passes and of pseudonyms is kept until the next one is made: it signs
    nothing and names nobody new. Use --at-once where somebody else may know it.

    Example: brandswipe keys rotate signing
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
