"""Whether the next deck of a player will count, and if not, why not."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from app.study.dealing import Player
from app.study.game import Game
from recsys.study.deck import Origin
from recsys.study.policy import StudyKind


class Ineligible(StrEnum):
    """Why a deck from the player's own history would not count."""

    NOT_LIVE = "not_live"  # no live study to play in
    CLOSED = "closed"
    NOT_OPEN = "not_open"  # the first day of play is still to come
    NOT_INVITED = "not_invited"
    MODEL_BUILDER = "built_it"
    PLAYED = "played"
    COUNTED = "counted"  # already played, before an erasure


@dataclass(frozen=True, slots=True)
class Eligibility:
    """A player, and the reason why the next deck would not count.

    `reason` is None if the deck counts, or if no deck of the player's origin ever counts.
    """

    player: Player
    reason: Ineligible | None = None


def check_eligibility(game: Game, player: Player, is_model_builder: bool) -> Eligibility:
    """Return whether the next deck counts. If not, a player with origin OWN gets practice decks."""
    if player.origin is not Origin.OWN or game.open_deck(player) is not None:
        return Eligibility(player)
    reason = next(_ineligible_reasons(game, player, is_model_builder), None)
    return Eligibility(
        player if reason is None else replace(player, origin=Origin.PRACTICE), reason
    )


def _ineligible_reasons(game: Game, player: Player, is_model_builder: bool) -> Iterator[Ineligible]:
    if game.row.kind is not StudyKind.LIVE:
        yield Ineligible.NOT_LIVE
    if game.latest_closed_deck(player, Origin.OWN) is not None:
        yield Ineligible.PLAYED
    if game.store.participants.has_counted(game.row.hash, player.participant):
        yield Ineligible.COUNTED
    if game.row.is_over(game.store.clock()):
        yield Ineligible.CLOSED
    if game.row.is_early(game.store.clock()):
        yield Ineligible.NOT_OPEN
    if is_model_builder:
        yield Ineligible.MODEL_BUILDER
    if game.store.invitations.includes(game.row.hash, player.participant) is False:
        yield Ineligible.NOT_INVITED
