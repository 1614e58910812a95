"""The rule that is written down and hashed before the first card: Policy and Study."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from difflib import get_close_matches
from enum import StrEnum
from hashlib import sha256
from typing import Any, Self

from recsys.errors import BadPolicyError
from recsys.evaluation.metrics import Relevance
from recsys.study.deck import DeckRecipe
from recsys.study.parse_policy import build, table

DUEL = "challenger"
"""The criterion of two model versions in one deck: how far the second is ahead of the first."""

CRITERIA = ("hit_rate", "discrimination", "lift", DUEL)
"""What can be gated, in the order of the page."""

DIFFERENCES = ("lift", DUEL)
"""Criteria whose score stands for the difference of two hit rates, (1 + one - other) / 2."""

SENSITIVE = ("intimate", "medical", "religious", "political", "weapon", "slimming")
"""Words in a category's name that keep its brands off every card and carousel."""


SEGMENTS = ("language", "device")
"""By what a report may be split, where the policy says so."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One bar, and why it stands there."""

    name: str
    bar: float  # of a mean over employees, in (0, 1)
    because: str


@dataclass(frozen=True, slots=True)
class TooFast:
    """Who did not look: judged by times alone, never by answers."""

    median_ms: int = 500  # left out below this median time a card
    card_ms: int = 300  # a card faster than this was not read
    share: float = 0.5  # left out above this share of such cards


@dataclass(frozen=True, slots=True)
class Question:
    """The words under every card. Another wording is another study."""

    en: str
    nl: str


@dataclass(frozen=True, slots=True)
class Policy:
    """The written-down gate. A value that is changed is another policy, by its hash."""

    name: str
    criteria: tuple[Criterion, ...]
    question: Question
    deck: DeckRecipe = field(default_factory=DeckRecipe)
    too_fast: TooFast = field(default_factory=TooFast)
    relevance: Relevance = field(default_factory=Relevance)
    alpha: float = 0.05  # chance of a false release, however often somebody looks
    strict: bool = False  # attempt k at alpha / (k (k + 1)): against shopping for a version
    least_players: int = 20  # counted decks before any verdict
    completion: float = 0.80  # share of dealt decks that must be finished
    balance: float = 0.25  # largest standardised difference of log popularity over the pairs
    batch: int = 5  # closed decks a publication
    cell: int = 10  # people behind every number shown
    whole_blocks: int = 2  # answered blocks from which a partial deck counts
    open_hours: int = 24  # after which a dealt deck closes by itself
    decoy_depth: int = 3  # decoys stand outside the model's top (this x picks)
    least_brands: int = 5  # brands in a history from which it is enough
    sensitive: tuple[str, ...] = SENSITIVE
    segments: tuple[str, ...] = ()  # by what the report is split beside brand and category
    releases: bool = True  # False: whatever it proves is no permission to release to customers

    def __post_init__(self) -> None:
        _check_policy(self)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Self:
        """Return the policy of a parsed TOML; raise BadPolicyError with one sentence."""
        plain = dict(raw)
        criteria = plain.pop("criteria", {})
        if not isinstance(criteria, Mapping):
            raise BadPolicyError("Write each criterion as a table, like [criteria.hit_rate].")
        named = [
            build(
                Criterion, {"name": name, **table(f"criteria.{name}", value)}, f"[criteria.{name}]"
            )
            for name, value in sorted(criteria.items(), key=_place)  # as JSON forgets the order
        ]
        return build(cls, {"criteria": tuple(named), **plain}, "the policy")

    def to_dict(self) -> dict[str, Any]:
        """Return plain data of the same shape as the TOML."""
        plain = asdict(self)
        plain["criteria"] = {c.name: {"bar": c.bar, "because": c.because} for c in self.criteria}
        plain["sensitive"], plain["segments"] = list(self.sensitive), list(self.segments)
        for name, usual in (("segments", []), ("releases", True)):
            if plain[name] == usual:
                del plain[
                    name
                ]  # so that the hash of a policy of before the field stays what it was
        return plain

    @property
    def hash(self) -> str:
        """Return the sha256 of the canonical JSON."""
        return _hash(self.to_dict())

    @property
    def is_duel(self) -> bool:
        """Return whether it compares two model versions, and releases neither."""
        return any(criterion.name == DUEL for criterion in self.criteria)

    def alpha_at(self, attempt: int) -> float:
        """Return the error rate of the k-th study of a kind; under `strict` they sum to alpha."""
        return self.alpha / (attempt * (attempt + 1)) if self.strict else self.alpha

    def is_sensitive(self, category: str) -> bool:
        """Return whether a category's name holds one of the sensitive words."""
        name = category.casefold()
        return any(word.casefold() in name for word in self.sensitive)


class StudyKind(StrEnum):
    """Whose decks a study counts: a live one people's own, the others simulated ones alone."""

    LIVE = "live"
    SIMULATED = "simulated"
    PLAYGROUND = "playground"


@dataclass(frozen=True, slots=True)
class Study:
    """Which model is judged, by which policy, on whom: fixed before the first card."""

    name: str
    kind: StudyKind
    policy: Policy
    model: str  # hash of the model version
    baseline: str  # name of the rival
    invitation_seed: int
    attempt: int = 1  # counts the live studies of the workspace, from 1
    opened_at: int = 0  # milliseconds since 1970; not part of the hash
    challenger: str | None = None  # hash of the second model version, in a duel

    @property
    def hash(self) -> str:
        """Return what every deck of the study carries. The event store's version is not in it."""
        plain = self.to_dict()
        del plain["opened_at"]
        return _hash({**plain, "policy": self.policy.hash})

    def to_dict(self) -> dict[str, Any]:
        """Return plain data from which `from_dict` makes the same study."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        if self.challenger is None:
            del plain["challenger"]  # so that the hash of a study of one version stays what it was
        return {**plain, "kind": self.kind.value, "policy": self.policy.to_dict()}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Self:
        """Return the study of plain data."""
        policy = Policy.from_dict(raw["policy"])
        return cls(**{**raw, "kind": StudyKind(raw["kind"]), "policy": policy})

    @property
    def alpha(self) -> float:
        """Return the error rate at this attempt."""
        return self.policy.alpha_at(self.attempt)


def _hash(plain: Mapping[str, Any]) -> str:
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).hexdigest()


def _place(criterion: tuple[str, object]) -> int:
    """Return where a criterion stands on the page; an unknown one comes last."""
    return CRITERIA.index(criterion[0]) if criterion[0] in CRITERIA else len(CRITERIA)


def _check_policy(policy: Policy) -> None:
    """Raise BadPolicyError at the first thing with which this policy cannot gate."""
    for fine, sentence in [*_numbers(policy), *_criteria(policy)]:
        if not fine:
            raise BadPolicyError(sentence)


def _numbers(policy: Policy) -> list[tuple[bool, str]]:
    return [
        (0 < policy.alpha <= 0.5, f"`alpha` is {policy.alpha}; it must lie above 0, at most 0.5."),
        (0 < policy.completion <= 1, f"`completion` is {policy.completion}, not a share up to 1."),
        (policy.balance > 0, f"`balance` is {policy.balance}; it must be above 0."),
        (policy.batch >= 5, f"`batch` is {policy.batch}; below 5 one person could be seen."),
        (policy.cell >= 10, f"`cell` is {policy.cell}; below 10 one person could be seen."),
        (
            policy.least_players >= policy.cell,
            f"`least_players` is {policy.least_players}; it must be at least `cell`.",
        ),
        (policy.whole_blocks >= 1, f"`whole_blocks` is {policy.whole_blocks}, not 1 or more."),
        (
            0 < policy.relevance.held_out < 1,
            f"`held_out` is {policy.relevance.held_out}; it must lie between 0 and 1.",
        ),
        (
            0 < policy.relevance.kept <= policy.relevance.full_price,
            "In [relevance] `kept` must be above 0 and `full_price` no less than it.",
        ),
        *(
            (name in SEGMENTS, f"There is no segment {name!r}. Known: {', '.join(SEGMENTS)}.")
            for name in policy.segments
        ),
        (policy.deck.picks >= 1, "A deck needs at least one pick."),
        (policy.deck.block >= 1, "A block needs at least one card."),
        (
            0 <= policy.deck.scored <= policy.deck.picks,
            f"`scored` is {policy.deck.scored}; each scored decoy needs a pick of its own, and "
            f"there are {policy.deck.picks}.",
        ),
    ]


def _criteria(policy: Policy) -> list[tuple[bool, str]]:
    names = [criterion.name for criterion in policy.criteria]
    checks = [(bool(names), "A policy needs at least one criterion, like [criteria.hit_rate].")]
    for c in policy.criteria:
        near = get_close_matches(c.name, CRITERIA, n=1, cutoff=0.4)
        hint = f" Did you mean `{near[0]}`?" if near else ""
        known = f"There is no criterion `{c.name}`.{hint} Known: {', '.join(CRITERIA)}."
        bar = f"The bar of `{c.name}` is {c.bar}; it must lie between 0 and 1, both excluded."
        why = f"Say in `because` why the bar of `{c.name}` stands at {c.bar}."
        checks += [(c.name in CRITERIA, known), (0 < c.bar < 1, bar), (bool(c.because), why)]
    return [
        *checks,
        (len(set(names)) == len(names), "Name each criterion once."),
        (
            DUEL not in names or (names == [DUEL] and policy.deck.cards == policy.deck.picks),
            f"The criterion `{DUEL}` stands alone, and its deck holds picks alone, the two lists: "
            "set `baseline`, `scored` and `near` to 0 in [deck].",
        ),
        (
            "discrimination" not in names or policy.deck.scored > 0,
            "The criterion `discrimination` needs scored decoys: set `scored` in [deck].",
        ),
        (
            "lift" not in names or policy.deck.baseline > 0,
            "The criterion `lift` needs baseline cards: set `baseline` in [deck].",
        ),
    ]
