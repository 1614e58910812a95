"""The policies that come with the program, and reading one from TOML."""

import tomllib
from collections.abc import Iterator, Mapping

from app.workspace.settings import data_file
from recsys.errors import BadPolicyError, UnknownNameError
from recsys.study.policy import Policy


def policy_differences(usual: Policy, policy: Policy) -> list[tuple[str, str, str]]:
    """Return each field in which two policies differ, by its dotted name, and both values."""
    before, here = dict(_flat(usual.to_dict())), dict(_flat(policy.to_dict()))
    return [
        (name, str(before.get(name, "-")), str(here.get(name, "-")))
        for name in dict.fromkeys([*before, *here])
        if before.get(name) != here.get(name)
    ]


def _flat(plain: Mapping[str, object], within: str = "") -> Iterator[tuple[str, object]]:
    for name, value in plain.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{within}{name}.")
        else:
            yield within + name, value


COMPARE = "champion-and-challenger"
READY = {
    "release": "policy.toml",
    "worth-a-quarter": "worth-a-quarter.toml",
    COMPARE: "champion-and-challenger.toml",
}
"""The policies that come with the program, by name: fit for customers; worth going on with; which
of two versions is liked better."""


def ready_policy(name: str) -> Policy:
    """A policy that comes with the program. Raises UnknownNameError with the known ones."""
    if name not in READY:
        raise UnknownNameError("policy", name, READY)
    return parse_policy(data_file(READY[name]).read_text(encoding="utf-8"))


def default_policy() -> Policy:
    """The policy that studies are opened with, data/policy.toml."""
    return ready_policy("release")


def parse_policy(text: str) -> Policy:
    """Read a policy from TOML. Raises BadPolicyError with one sentence."""
    try:
        return Policy.from_dict(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadPolicyError(f"The policy is not readable as TOML ({error}): mend it.") from None
