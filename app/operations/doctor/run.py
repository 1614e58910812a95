"""All checks of a workspace and its surroundings, in the order in which one would mend them."""

from collections.abc import Callable, Mapping

from app.operations.doctor import data, machine, service
from app.operations.doctor.finding import Finding, State, broken, idle, mend
from app.workspace.workspace import House
from recsys.errors import BrandswipeError, IntegrityError

CHECKS: Mapping[str, Callable[[House], Finding]] = {
    "versions": machine.versions,
    "disk": machine.disk,
    "permissions": machine.permissions,
    "store": data.store,
    "clock": machine.clock,
    "secrets": service.secrets,
    "login": service.login,
    "proxy": service.proxy,
    "prefix": service.prefix,
    "events": data.events,
    "model": data.model,
    "linked": service.linked,
}


def examine(house: House) -> dict[str, Finding]:
    """Return what each check found; one that cannot be made says why, and the rest goes on."""
    found: dict[str, Finding] = {}
    for name, check in CHECKS.items():
        one = _tried(check, house)
        said = next((other for other, told in found.items() if told.said == one.said), None)
        found[name] = idle(f"Not checked: first mend {said}.") if said else one
    return found


def _tried(check: Callable[[House], Finding], house: House) -> Finding:
    try:
        return check(house)
    except IntegrityError as error:
        return broken(str(error))
    except BrandswipeError as error:
        return mend(str(error))


def worst(found: Mapping[str, Finding]) -> State:
    """Return the worst state among findings."""
    order = list(State)
    return max((finding.state for finding in found.values()), key=order.index)
