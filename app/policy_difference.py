"""Two policies side by side, field by field."""

from collections.abc import Iterator, Mapping

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
