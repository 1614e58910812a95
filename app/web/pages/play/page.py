"""The game: whatever comes next for whoever is here."""

import streamlit as st

from app.presentation.i18n import day, text
from app.storage.study_db.records import Step
from app.study import privacy
from app.study.dealing import Player
from app.study.eligibility import Seat, WhyNot, take_seat
from app.study.game import Game, load_game, study_to_play
from app.web import runtime
from app.web.pages import layout, session
from app.web.pages.play import brand_picker, consent, deck, loading, reveal
from recsys.errors import BrandswipeError, NotEnoughHistoryError
from recsys.study.deck import TASTER, Origin

_CARDS = '<div class="fan" aria-hidden="true"><i></i><i></i><i></i></div>'  # cards face down


def show(language: str, state: str, *ways: str, **values: object) -> str | None:
    """Say a state in its own words; return the way on that was pressed."""
    with st.container(key="notice"):
        st.html(_CARDS)
        st.title(text(language, f"state.{state}_title"), anchor=False, text_alignment="center")
        st.markdown(text(language, f"state.{state}", **values), text_alignment="center")
        with st.container(horizontal=True, horizontal_alignment="center"):
            pressed = [way for n, way in enumerate(ways) if _pressed(language, state, way, n == 0)]
    return next(iter(pressed), None)


def _pressed(language: str, state: str, way: str, first: bool) -> bool:
    label = text(language, f"state.way_{way}")
    return st.button(label, key=f"{state}_{way}", type="primary" if first else "secondary")


_FOR_FUN = "for_fun"  # she plays with brands she picks, though the shop knows her
_THIN = "thin"  # her history was too short to guess from
_PRACTISE = "practise"  # she knows that it will not count
_RECONSIDERS = "reconsiders"  # she said no to reading once, and wants to be asked again
SHORT = (Origin.ELICITED, Origin.PRACTICE)  # decks of eight cards


def page() -> None:
    """Show whatever comes next; the store alone knows where she was."""
    language = layout.language()
    row = study_to_play(runtime.store())
    if row is None:
        show(language, "no_study")
        return
    game = load_game(runtime.house(), row)
    if loading.under_way():
        _await(language)
    _note_steps(game)
    seat = take_seat(game, _player(game), session.built_it())
    player = seat.player
    dealt = game.open_deck(player) or game.latest(player, *_hers(player))
    if dealt is None or session.plays_again():
        _begin(language, game, seat)
    elif game.store.closing(dealt.deck.id) is None:
        deck.show(language, game, player, dealt)
    else:
        _treat(language)
        reveal.show(language, game, player, dealt)
        deck.send_rest(language, player, dealt.deck.id)


def _note_steps(game: Game) -> None:
    """Note that somebody invited is here, and whether the shop knows who she is."""
    player = session.player()
    game.reach(player, Step.OPENED)
    if player.origin is Origin.OWN:
        game.reach(player, Step.LINKED)


def _treat(language: str) -> None:
    """Hand over the coffee of a finished deck, for as long as this visit lasts."""
    code = st.session_state.get(deck.COFFEE)
    if code:
        st.info(text(language, "state.coffee", code=code), icon=":material/local_cafe:")


def _player(game: Game) -> Player:
    """Whoever plays; who said no to reading, or is hardly known, plays with brands she picks."""
    player = session.player()
    if player.origin is not Origin.OWN or st.session_state.get(_RECONSIDERS):
        return player
    if st.session_state.get(_FOR_FUN) or privacy.said(game.store, player.participant) is False:
        named = tuple(st.session_state.get(session.NAMED, ()))
        return Player(player.participant, Origin.ELICITED, named=named)
    return player


def _hers(player: Player) -> tuple[Origin, ...]:
    """Origins of the decks that she may look back at."""
    own = (Origin.OWN, Origin.PRACTICE)
    return own if player.origin in own else (player.origin,)


def _begin(language: str, game: Game, seat: Seat) -> None:
    if st.session_state.get(_THIN):
        if show(language, "thin", "pick"):
            st.session_state[_FOR_FUN] = st.session_state.pop(_THIN)
            st.rerun()
    elif seat.player.customer is None:
        brand_picker.show(language, game, lambda: _deal(game, _player(game)))
        _offer_to_read(language)
    elif _is_told(language, game, seat):
        _ask(language, game, seat.player)


def _offer_to_read(language: str) -> None:
    """Offer somebody the shop knows to play with her own history after all."""
    if session.player().origin is not Origin.OWN:
        return
    if st.button(text(language, "welcome.reconsider"), key="reconsider"):
        st.session_state.pop(_FOR_FUN, None)
        st.session_state[_RECONSIDERS] = True
        st.rerun()


def _is_told(language: str, game: Game, seat: Seat) -> bool:
    """Whether she knows that her deck will not count, where it will not."""
    if seat.why_not in (None, WhyNot.PLAYED) or st.session_state.get(_PRACTISE):
        return True
    when = day(language, (game.row.plays_from or 0) // 1000)
    named = {"study": game.row.name, "date": when}
    pressed = show(language, seat.why_not, "practise", "pick", **named)
    if pressed == "pick":
        _play_for_fun()
    if pressed:
        st.session_state[_PRACTISE] = True
        st.rerun()
    return False


def _ask(language: str, game: Game, player: Player) -> None:
    """Deal after a yes; who said it before, and plays again, need not say it again."""
    known = privacy.said(game.store, player.participant)
    said = True if known and session.plays_again() else consent.show(language, game, player)
    if said is not None and said is not known:
        privacy.note(game.store, player.participant, said)
    if said is not None:
        st.session_state.pop(_RECONSIDERS, None)
    if said:
        _deal(game, player)
    elif said is False:
        _play_for_fun()


def _play_for_fun() -> None:
    session.give_back()  # in a borrowed life it is that life's history that is not read
    st.session_state[_FOR_FUN] = True
    st.rerun()


def _deal(game: Game, player: Player) -> None:
    session.plays_again(ended=True)
    loading.begin(game, player, TASTER if player.origin in SHORT else None)
    st.rerun()


def _await(language: str) -> None:
    """Wait for the cards. What fails becomes a sentence and a way on."""
    try:
        loading.end(language)
    except NotEnoughHistoryError:
        st.session_state[_THIN] = True
    except BrandswipeError as error:
        show(language, "failed", "retry", why=str(error))  # the press begins anew
        st.stop()
    st.rerun()
