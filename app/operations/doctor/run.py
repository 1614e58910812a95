"""Runs all checks of a workspace and its surroundings, in the order in which to fix problems."""

from collections.abc import Callable, Mapping

from app.operations.doctor import data, machine, service
from app.operations.doctor.finding import CheckState, Finding, broken, idle, problem
from app.workspace.workspace import Workspace
from recsys.errors import BrandswipeError, IntegrityError

CHECKS: Mapping[str, Callable[[Workspace], Finding]] = {
    "versions": machine.diagnose_versions,
    "disk": machine.diagnose_disk,
    "permissions": machine.diagnose_permissions,
    "store": data.diagnose_store,
    "clock": machine.diagnose_clock,
    "secrets": service.diagnose_secrets,
    "login": service.diagnose_login,
    "proxy": service.diagnose_proxy,
    "prefix": service.diagnose_prefix,
    "events": data.diagnose_events,
    "model": data.diagnose_model,
    "linked": service.diagnose_linked,
}


def run_checks(workspace: Workspace) -> dict[str, Finding]:
    """Return the finding of each check; an error that a check raises becomes its finding.

    A finding with the same message as an earlier one has the same cause. It says "Not checked".
    """
    findings: dict[str, Finding] = {}
    for name, check in CHECKS.items():
        finding = _run_check(check, workspace)
        duplicate_of = next(
            (other for other, told in findings.items() if told.message == finding.message), None
        )
        findings[name] = (
            idle(f"Not checked: first mend {duplicate_of}.") if duplicate_of else finding
        )
    return findings


def _run_check(check: Callable[[Workspace], Finding], workspace: Workspace) -> Finding:
    try:
        return check(workspace)
    except IntegrityError as error:
        return broken(str(error))
    except BrandswipeError as error:
        return problem(str(error))


def worst_state(findings: Mapping[str, Finding]) -> CheckState:
    """Return the worst state among the findings."""
    order = list(CheckState)
    return max((finding.state for finding in findings.values()), key=order.index)
