"""What is stored: the study's store, the shop's events, the model."""

from app.operations.doctor.finding import Finding, broken, idle, mend, well
from app.operations.health import model_state
from app.storage.event_store.segment import read_manifest
from app.storage.study_db.store import what_differs
from app.workspace.workspace import House
from recsys.errors import BrandswipeError, IntegrityError

MOST = 3  # of what differs, named; the gate names more
RESTORE = "Stop the server, then `brandswipe restore BACKUP`."


def store(house: House) -> Finding:
    """Every page is sound, every row is what was written, and it can be written."""
    house.store.examine(thorough=True)
    house.store.check()
    differs = what_differs(house.store)
    if differs:
        more = f"; and {len(differs) - MOST:,} more" if len(differs) > MOST else ""
        said = f"What is stored is not what was written: {'; '.join(differs[:MOST])}{more}."
        return broken(said, RESTORE)
    studies = len(house.store.studies())
    return well(f"{studies:,} studies; every page is sound, every row is what was written.")


def events(house: House) -> Finding:
    """There are events to read."""
    if read_manifest(house.workspace) is None:
        return idle("No events yet: `brandswipe ingest EVENTS`.")
    return well(f"Events of {house.warehouse.customers:,} customers can be read.")


def model(house: House) -> Finding:
    """What is to be played can be dealt."""
    try:
        found = model_state(house)
    except IntegrityError as error:
        return broken(str(error), RESTORE)
    except BrandswipeError as error:
        return mend(str(error), "Nobody can play before this is done.")
    if found == "none":
        return idle("There is nothing to play yet: `brandswipe study open`.")
    return well("The model of the study to play can be loaded.")
