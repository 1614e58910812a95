"""Whether what somebody answers will count, and if not, why not."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from app.study.dealing import Player
from app.study.game import Game
from recsys.study.deck import Origin
from recsys.study.policy import StudyKind


class WhyNot(StrEnum):
    """Why a deck of her own history would not count."""

    NOT_LIVE = "not_live"  # nothing live to play in
    CLOSED = "closed"
    NOT_OPEN = "not_open"  # its first day of play is still to come
    NOT_INVITED = "not_invited"
    BUILT_IT = "built_it"
    PLAYED = "played"
    COUNTED = "counted"  # before she was forgotten


@dataclass(frozen=True, slots=True)
class Seat:
    """Who plays, and why her next deck would not count; None for whoever could not count anyway."""

    player: Player
    why_not: WhyNot | None = None


def take_seat(game: Game, player: Player, built_it: bool) -> Seat:
    """Return where somebody sits. Who plays as herself and cannot count gets practice decks."""
    if player.origin is not Origin.OWN or game.open_deck(player) is not None:
        return Seat(player)
    why = next(_reasons(game, player, built_it), None)
    return Seat(player if why is None else replace(player, origin=Origin.PRACTICE), why)


def _reasons(game: Game, player: Player, built_it: bool) -> Iterator[WhyNot]:
    if game.row.kind is not StudyKind.LIVE:
        yield WhyNot.NOT_LIVE
    if game.latest(player, Origin.OWN) is not None:
        yield WhyNot.PLAYED
    if game.store.has_counted(game.row.hash, player.participant):
        yield WhyNot.COUNTED
    if game.row.is_over(game.store.clock()):
        yield WhyNot.CLOSED
    if game.row.is_early(game.store.clock()):
        yield WhyNot.NOT_OPEN
    if built_it:
        yield WhyNot.BUILT_IT
    if game.store.is_invited(game.row.hash, player.participant) is False:
        yield WhyNot.NOT_INVITED
