"""Checks of the stored data: the study database, the shop's events, the model."""

from app.operations.doctor.finding import Finding, broken, idle, problem, well
from app.operations.health import model_state
from app.storage.event_store.segment import read_manifest
from app.storage.study_db.store import find_mismatches
from app.workspace.workspace import Workspace
from recsys.errors import BrandswipeError, IntegrityError

MAX_NAMED = 3  # mismatches that are named; the gate names more
RESTORE_HINT = "Stop the server, then `brandswipe admin restore BACKUP`."


def diagnose_store(workspace: Workspace) -> Finding:
    """Check that every database page is sound, every row is unchanged, and writing works."""
    workspace.store.db.check_pages(thorough=True)
    workspace.store.db.check_writable()
    mismatches = find_mismatches(workspace.store)
    if mismatches:
        unnamed = (
            f"; and {len(mismatches) - MAX_NAMED:,} more" if len(mismatches) > MAX_NAMED else ""
        )
        message = (
            f"What is stored is not what was written: {'; '.join(mismatches[:MAX_NAMED])}{unnamed}."
        )
        return broken(message, RESTORE_HINT)
    studies = len(workspace.store.studies.all())
    return well(f"{studies:,} studies; every page is sound, every row is what was written.")


def diagnose_events(workspace: Workspace) -> Finding:
    """Check that there are events and that they can be read."""
    if read_manifest(workspace.folder) is None:
        return idle("No events yet: `brandswipe data ingest EVENTS`.")
    return well(f"Events of {workspace.event_store.customers:,} customers can be read.")


def diagnose_model(workspace: Workspace) -> Finding:
    """Check that the model of the study to play can be loaded."""
    try:
        state = model_state(workspace)
    except IntegrityError as error:
        return broken(str(error), RESTORE_HINT)
    except BrandswipeError as error:
        return problem(str(error), "Nobody can play before this is done.")
    if state == "none":
        return idle("There is nothing to play yet: `brandswipe study open`.")
    return well("The model of the study to play can be loaded.")
