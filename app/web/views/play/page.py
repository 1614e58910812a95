"""The game: whatever comes next for whoever is here."""

import streamlit as st

from app.presentation.i18n import format_day, translate
from app.presentation.templating import render_template
from app.storage.study_db.records import FunnelStep
from app.study import privacy
from app.study.dealing import Player
from app.study.eligibility import Eligibility, Ineligible, check_eligibility
from app.study.game import Game, load_game, study_to_play
from app.web import runtime
from app.web.views import layout, session
from app.web.views.play import brand_picker, consent, deck, loading, reveal
from recsys.errors import BrandswipeError, NotEnoughHistoryError
from recsys.study.deck import SHORT_RECIPE, Origin


def show_notice(language: str, state: str, *choices: str, **values: object) -> str | None:
    """Say a state in its own words; return the way on that was pressed."""
    with st.container(key="notice"):
        st.html(render_template("app.web", "cards_face_down.html"))
        st.title(translate(language, f"state.{state}_title"), anchor=False, text_alignment="center")
        st.markdown(translate(language, f"state.{state}", **values), text_alignment="center")
        with st.container(horizontal=True, horizontal_alignment="center"):
            pressed = [
                way for n, way in enumerate(choices) if _choice_button(language, state, way, n == 0)
            ]
    return next(iter(pressed), None)


def _choice_button(language: str, state: str, choice: str, primary: bool) -> bool:
    label = translate(language, f"state.way_{choice}")
    return st.button(label, key=f"{state}_{choice}", type="primary" if primary else "secondary")


_PLAY_WITH_PICKS = "for_fun"  # she plays with brands she picks, though the shop knows her
_HISTORY_TOO_THIN = "thin"  # her history was too short to guess from
_PRACTICE_ACCEPTED = "practise"  # she knows that it will not count
_RECONSIDERING = "reconsiders"  # she said no to reading once, and wants to be asked again
SHORT_DECK_ORIGINS = (Origin.ELICITED, Origin.PRACTICE)  # decks of eight cards


def play_page() -> None:
    """Show whatever comes next; the store alone knows where she was."""
    language = layout.current_language()
    row = study_to_play(runtime.store())
    if row is None:
        show_notice(language, "no_study")
        return
    game = load_game(runtime.workspace(), row)
    if loading.is_dealing():
        _await_deck(language)
    _record_arrival(game)
    eligibility = check_eligibility(game, _choose_player(game), session.built_the_model())
    player = eligibility.player
    dealt_deck = game.open_deck(player) or game.latest_closed_deck(
        player, *_viewable_origins(player)
    )
    if dealt_deck is None or session.wants_to_play_again():
        _begin_deck(language, game, eligibility)
    elif not game.is_closed(dealt_deck):
        deck.show_deck(language, game, player, dealt_deck)
    else:
        _show_coffee_code(language)
        reveal.show_reveal(language, game, player, dealt_deck)
        deck.send_late_answers(language, player, dealt_deck.deck.id)


def _record_arrival(game: Game) -> None:
    """Note that somebody invited is here, and whether the shop knows who she is."""
    player = session.current_player()
    game.record_step(player, FunnelStep.OPENED)
    if player.origin is Origin.OWN:
        game.record_step(player, FunnelStep.LINKED)


def _show_coffee_code(language: str) -> None:
    """Hand over the coffee of a finished deck, for as long as this visit lasts."""
    code = st.session_state.get(deck.COFFEE_CODE)
    if code:
        st.info(translate(language, "state.coffee", code=code), icon=":material/local_cafe:")


def _choose_player(game: Game) -> Player:
    """Whoever plays; who said no to reading, or is hardly known, plays with brands she picks."""
    player = session.current_player()
    if player.origin is not Origin.OWN or st.session_state.get(_RECONSIDERING):
        return player
    if (
        st.session_state.get(_PLAY_WITH_PICKS)
        or privacy.has_consented(game.store, player.participant) is False
    ):
        picked_brands = tuple(st.session_state.get(session.PICKED_BRANDS, ()))
        return Player(player.participant, Origin.ELICITED, picked_brands=picked_brands)
    return player


def _viewable_origins(player: Player) -> tuple[Origin, ...]:
    """Origins of the decks that she may look back at."""
    own_origins = (Origin.OWN, Origin.PRACTICE)
    return own_origins if player.origin in own_origins else (player.origin,)


def _begin_deck(language: str, game: Game, eligibility: Eligibility) -> None:
    if st.session_state.get(_HISTORY_TOO_THIN):
        if show_notice(language, "thin", "pick"):
            st.session_state[_PLAY_WITH_PICKS] = st.session_state.pop(_HISTORY_TOO_THIN)
            st.rerun()
    elif eligibility.player.customer is None:
        brand_picker.show_brand_picker(
            language, game, lambda: _start_deal(game, _choose_player(game))
        )
        _offer_own_history(language)
    elif _accepts_practice(language, game, eligibility):
        _ask_consent(language, game, eligibility.player)


def _offer_own_history(language: str) -> None:
    """Offer somebody the shop knows to play with her own history after all."""
    if session.current_player().origin is not Origin.OWN:
        return
    if st.button(translate(language, "welcome.reconsider"), key="reconsider"):
        st.session_state.pop(_PLAY_WITH_PICKS, None)
        st.session_state[_RECONSIDERING] = True
        st.rerun()


def _accepts_practice(language: str, game: Game, eligibility: Eligibility) -> bool:
    """Whether she knows that her deck will not count, where it will not."""
    if eligibility.reason in (None, Ineligible.PLAYED) or st.session_state.get(_PRACTICE_ACCEPTED):
        return True
    first_day = format_day(language, (game.row.plays_from or 0) // 1000)
    values = {"study": game.row.name, "date": first_day}
    choice = show_notice(language, eligibility.reason, "practise", "pick", **values)
    if choice == "pick":
        _play_with_picks()
    if choice:
        st.session_state[_PRACTICE_ACCEPTED] = True
        st.rerun()
    return False


def _ask_consent(language: str, game: Game, player: Player) -> None:
    """Deal after a yes; who said it before, and plays again, need not say it again."""
    earlier_answer = privacy.has_consented(game.store, player.participant)
    answer = (
        True
        if earlier_answer and session.wants_to_play_again()
        else consent.show_consent(language, game, player)
    )
    if answer is not None and answer is not earlier_answer:
        privacy.record_consent(game.store, player.participant, answer)
    if answer is not None:
        st.session_state.pop(_RECONSIDERING, None)
    if answer:
        _start_deal(game, player)
    elif answer is False:
        _play_with_picks()


def _play_with_picks() -> None:
    session.play_as_self()  # in a borrowed life it is that life's history that is not read
    st.session_state[_PLAY_WITH_PICKS] = True
    st.rerun()


def _start_deal(game: Game, player: Player) -> None:
    session.wants_to_play_again(clear=True)
    loading.start_deal(game, player, SHORT_RECIPE if player.origin in SHORT_DECK_ORIGINS else None)
    st.rerun()


def _await_deck(language: str) -> None:
    """Wait for the cards. What fails becomes a sentence and a way on."""
    try:
        loading.await_deal(language)
    except NotEnoughHistoryError:
        st.session_state[_HISTORY_TOO_THIN] = True
    except BrandswipeError as error:
        show_notice(language, "failed", "retry", why=str(error))  # the press begins anew
        st.stop()
    st.rerun()
