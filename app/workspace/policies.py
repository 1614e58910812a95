"""The policies that come with the program, and functions that read and compare policies."""

import tomllib
from collections.abc import Iterator, Mapping

from app.workspace.settings import data_file
from recsys.errors import BadPolicyError, UnknownNameError
from recsys.study.policy import Policy


def policy_differences(default: Policy, policy: Policy) -> list[tuple[str, str, str]]:
    """Return (dotted name, default value, policy value) for each field that differs."""
    default_fields, policy_fields = (
        dict(_flatten(default.to_dict())),
        dict(_flatten(policy.to_dict())),
    )
    return [
        (name, str(default_fields.get(name, "-")), str(policy_fields.get(name, "-")))
        for name in dict.fromkeys([*default_fields, *policy_fields])
        if default_fields.get(name) != policy_fields.get(name)
    ]


def _flatten(nested: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in nested.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


COMPARISON_POLICY = "champion-and-challenger"
BUNDLED_POLICIES = {
    "release": "policy.toml",
    "worth-a-quarter": "worth-a-quarter.toml",
    COMPARISON_POLICY: "champion-and-challenger.toml",
}
"""Policy name -> file. Their questions are: is a version good enough for customers, is it worth
further work, and which of two versions do people like better."""


def bundled_policy(name: str) -> Policy:
    """Return a bundled policy. Raises UnknownNameError, which lists the known names."""
    if name not in BUNDLED_POLICIES:
        raise UnknownNameError("policy", name, BUNDLED_POLICIES)
    return policy_from_toml(data_file(BUNDLED_POLICIES[name]).read_text(encoding="utf-8"))


def default_policy() -> Policy:
    """Return the policy that studies are opened with by default, data/policy.toml."""
    return bundled_policy("release")


def policy_from_toml(text: str) -> Policy:
    """Read a policy from TOML text. Raises BadPolicyError with one sentence."""
    try:
        return Policy.from_dict(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadPolicyError(f"The policy is not readable as TOML ({error}): mend it.") from None
