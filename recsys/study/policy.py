"""Policy and Study: the rules and the subject of a study, hashed before the first card."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any, Self

from recsys.disclosure import DisclosureRule
from recsys.errors import BadPolicyError
from recsys.evaluation.metrics import Relevance
from recsys.study.criteria import (
    PAIRED_COMPARISON,
    Criterion,
    criterion_checks,
    criterion_from_row,
    criterion_order,
    criterion_to_row,
    known_tables,
    written_name,
)
from recsys.study.deck import DeckRecipe
from recsys.study.parse_policy import (
    KINDS,
    question_to_row,
    read,
    recipe_to_row,
    relevance_to_row,
    too_fast_to_row,
)
from recsys.study.parse_policy import Question as Question
from recsys.study.parse_policy import TooFast as TooFast

SENSITIVE_WORDS = ("intimate", "medical", "religious", "political", "weapon", "slimming")
"""Words in a category's name that keep its brands off every card and carousel."""

SEGMENTS = ("language", "device")
"""Attributes by which a report may be split, if the policy names them."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of a study and its gate. Changing a value changes the hash: another policy."""

    name: str
    criteria: tuple[Criterion, ...]
    question: Question
    deck: DeckRecipe = field(default_factory=DeckRecipe)
    too_fast: TooFast = field(default_factory=TooFast)
    relevance: Relevance = field(default_factory=Relevance)
    alpha: float = 0.05  # probability of a false release, however often somebody looks
    strict: bool = False  # attempt k at alpha / (k (k + 1)), against trying many versions
    least_players: int = 20  # counted decks before any verdict
    completion: float = 0.80  # smallest share of dealt decks that must be finished, from 0 to 1
    balance: float = 0.25  # largest |standardized difference| of log popularity, pick - decoy
    batch: int = 5  # results are published after each batch of this many counted decks
    cell: int = 10  # `min_group_size`: the fewest people behind a published number
    whole_blocks: int = 2  # a deck counts from this many fully answered blocks of cards
    open_hours: int = 24  # hours after which a dealt deck closes by itself
    decoy_depth: int = 3  # no decoy is in the model's top (decoy_depth * picks) brands
    least_brands: int = 5  # brands that a history must have for a study deck
    sensitive: tuple[str, ...] = SENSITIVE_WORDS
    segments: tuple[str, ...] = ()  # SEGMENTS that split the report, besides brand and category
    format: int = 1  # of the policy file; 2 writes `precision` for `hit_rate`
    releases: bool = True  # False: a passed study does not allow a release to customers

    def __post_init__(self) -> None:
        _check_policy(self)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Self:
        """Return the policy of parsed TOML; raise BadPolicyError with one sentence."""
        data = dict(raw)
        criteria = data.pop("criteria", {})
        if not isinstance(criteria, Mapping):
            raise BadPolicyError("Write each criterion as a table, like [criteria.hit_rate].")
        values = read(data, KINDS, "the policy", needed=("name", "question"))
        named = known_tables(criteria, values.get("format", _USUAL.format))
        ordered = sorted(named.items(), key=criterion_order)  # JSON does not keep the order
        bars = tuple(criterion_from_row(name, value) for name, value in ordered)
        return cls(
            name=values["name"],
            criteria=bars,
            question=values["question"],
            deck=values.get("deck", _USUAL.deck),
            too_fast=values.get("too_fast", _USUAL.too_fast),
            relevance=values.get("relevance", _USUAL.relevance),
            alpha=values.get("alpha", _USUAL.alpha),
            strict=values.get("strict", _USUAL.strict),
            least_players=values.get("least_players", _USUAL.least_players),
            completion=values.get("completion", _USUAL.completion),
            balance=values.get("balance", _USUAL.balance),
            batch=values.get("batch", _USUAL.batch),
            cell=values.get("cell", _USUAL.cell),
            whole_blocks=values.get("whole_blocks", _USUAL.whole_blocks),
            open_hours=values.get("open_hours", _USUAL.open_hours),
            decoy_depth=values.get("decoy_depth", _USUAL.decoy_depth),
            least_brands=values.get("least_brands", _USUAL.least_brands),
            sensitive=values.get("sensitive", _USUAL.sensitive),
            segments=values.get("segments", _USUAL.segments),
            format=values.get("format", _USUAL.format),
            releases=values.get("releases", _USUAL.releases),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data with the structure of the TOML.

        Fields of later versions are left out while they have their default, so that the hash of an
        older policy does not change.
        """
        later = {"segments": list(self.segments)} if self.segments else {}
        return {
            "name": self.name,
            "criteria": {
                written_name(c.name, self.format): criterion_to_row(c) for c in self.criteria
            },
            "question": question_to_row(self.question),
            "deck": recipe_to_row(self.deck),
            "too_fast": too_fast_to_row(self.too_fast),
            "relevance": relevance_to_row(self.relevance),
            "alpha": self.alpha,
            "strict": self.strict,
            "least_players": self.least_players,
            "completion": self.completion,
            "balance": self.balance,
            "batch": self.batch,
            "cell": self.cell,
            "whole_blocks": self.whole_blocks,
            "open_hours": self.open_hours,
            "decoy_depth": self.decoy_depth,
            "least_brands": self.least_brands,
            "sensitive": list(self.sensitive),
            **later,
            **({"format": self.format} if self.format > 1 else {}),
            **({} if self.releases else {"releases": False}),
        }

    @property
    def hash(self) -> str:
        """The SHA-256 of the canonical JSON, as hex."""
        return _canonical_hash(self.to_dict())

    @property
    def is_paired_comparison(self) -> bool:
        """Whether the policy compares two model versions; such a study releases neither."""
        return any(criterion.name == PAIRED_COMPARISON for criterion in self.criteria)

    @property
    def disclosure(self) -> DisclosureRule:
        """The rule for publishing numbers of people in a study with this policy."""
        return DisclosureRule(self.batch, self.cell)

    def alpha_at(self, attempt: int) -> float:
        """Return the error rate of an attempt, from 1; with `strict` all attempts sum to alpha."""
        return self.alpha / (attempt * (attempt + 1)) if self.strict else self.alpha

    def is_sensitive(self, category: str) -> bool:
        """Return whether a category's name contains one of the sensitive words."""
        name = category.casefold()
        return any(word.casefold() in name for word in self.sensitive)


class StudyKind(StrEnum):
    """The kind of a study. LIVE counts decks from own histories, the others simulated decks."""

    LIVE = "live"
    SIMULATED = "simulated"
    PLAYGROUND = "playground"


@dataclass(frozen=True, slots=True)
class Study:
    """A study: model, baseline, policy and invitation order, fixed before the first card."""

    name: str
    kind: StudyKind
    policy: Policy
    model: str  # hash of the model version
    baseline: str  # name of the baseline ranker
    invitation_seed: int  # random seed of the invitation order
    attempt: int = 1  # number among the live studies of the workspace, from 1
    opened_at: int = 0  # milliseconds since 1970; not part of the hash
    challenger: str | None = None  # hash of the second model version, in a paired comparison

    @property
    def hash(self) -> str:
        """The hash that every deck carries. The version of the event store is not part of it."""
        data = self.to_dict()
        del data["opened_at"]
        return _canonical_hash({**data, "policy": self.policy.hash})

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; `from_dict` makes the same study from it."""
        data = {
            "name": self.name,
            "kind": self.kind.value,
            "policy": self.policy.to_dict(),
            "model": self.model,
            "baseline": self.baseline,
            "invitation_seed": self.invitation_seed,
            "attempt": self.attempt,
            "opened_at": self.opened_at,
        }  # no key without a challenger, so that the hash of an older study does not change
        return data if self.challenger is None else {**data, "challenger": self.challenger}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Self:
        """Return the study of the plain data of `to_dict`."""
        return cls(
            name=raw["name"],
            kind=StudyKind(raw["kind"]),
            policy=Policy.from_dict(raw["policy"]),
            model=raw["model"],
            baseline=raw["baseline"],
            invitation_seed=raw["invitation_seed"],
            attempt=raw.get("attempt", 1),
            opened_at=raw.get("opened_at", 0),
            challenger=raw.get("challenger"),
        )

    @property
    def alpha(self) -> float:
        """The error rate of this attempt."""
        return self.policy.alpha_at(self.attempt)


def _canonical_hash(data: Mapping[str, Any]) -> str:
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).hexdigest()


def _check_policy(policy: Policy) -> None:
    """Raise BadPolicyError with the message of the first check that fails."""
    for holds, message in [
        *_number_checks(policy),
        *criterion_checks(policy.criteria, policy.deck),
    ]:
        if not holds:
            raise BadPolicyError(message)


def _number_checks(policy: Policy) -> list[tuple[bool, str]]:
    return [
        (policy.format in (1, 2), f"`format` is {policy.format}; write 1 or 2."),
        (
            0 < policy.alpha <= 0.5,
            f"`alpha` is {policy.alpha}; it must be greater than 0 and at most 0.5.",
        ),
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
            "In [relevance] `kept` must be above 0 and `full_price` must be at least `kept`.",
        ),
        *(
            (name in SEGMENTS, f"There is no segment {name!r}. Known: {', '.join(SEGMENTS)}.")
            for name in policy.segments
        ),
        (policy.deck.picks >= 1, "A deck needs at least one pick."),
        (policy.deck.block >= 1, "A block needs at least one card."),
        (
            0 <= policy.deck.scored <= policy.deck.picks,
            f"`scored` is {policy.deck.scored}; it must not exceed the number of picks, and "
            f"there are {policy.deck.picks}.",
        ),
    ]


_USUAL = Policy("usual", (Criterion("hit_rate", 0.5, "An example."),), Question("", ""))
"""A policy with the defaults of all fields that a policy file may leave out."""
