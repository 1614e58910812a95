"""The game: whatever comes next for whoever is here."""

import streamlit as st

from app.presentation.i18n import format_day, translate
from app.storage.study_db.records import FunnelStep
from app.study import privacy
from app.study.deal_queue import PendingDeal
from app.study.dealing import Player
from app.study.eligibility import Eligibility, Ineligible, check_eligibility
from app.study.game import Game, load_game, study_to_play
from app.web import runtime
from app.web.views import layout, players
from app.web.views.play import brand_picker, consent, deck, loading, reveal
from app.web.views.session import current_session
from recsys.errors import BrandswipeError, NotEnoughHistoryError
from recsys.study.deck import SHORT_RECIPE, Origin

_CARDS_HTML = '<div class="fan" aria-hidden="true"><i></i><i></i><i></i></div>'  # cards face down


def show_notice(language: str, state: str, *choices: str, **values: object) -> str | None:
    """Say a state in its own words; return the way on that was pressed."""
    with st.container(key="notice"):
        st.html(_CARDS_HTML)
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


SHORT_DECK_ORIGINS = (Origin.ELICITED, Origin.PRACTICE)  # decks of eight cards


def play_page() -> None:
    """Show whatever comes next; the store alone knows where she was."""
    language = layout.current_language()
    row = study_to_play(runtime.store())
    if row is None:
        show_notice(language, "no_study")
        return
    game = load_game(runtime.workspace(), row)
    session = current_session()
    if session.pending_deal is not None:
        _await_deck(language, session.pending_deal)
    _record_arrival(game)
    eligibility = check_eligibility(game, _choose_player(game), players.built_the_model())
    player = eligibility.player
    dealt_deck = game.open_deck(player) or game.latest_closed_deck(
        player, *_viewable_origins(player)
    )
    if dealt_deck is None or session.play_again:
        _begin_deck(language, game, eligibility)
    elif not game.is_closed(dealt_deck):
        deck.show_deck(language, game, player, dealt_deck)
    else:
        _show_coffee_code(language)
        reveal.show_reveal(language, game, player, dealt_deck)
        deck.send_late_answers(language, player, dealt_deck.deck.id)


def _record_arrival(game: Game) -> None:
    """Note that somebody invited is here, and whether the shop knows who she is."""
    player = players.current_player()
    game.record_step(player, FunnelStep.OPENED)
    if player.origin is Origin.OWN:
        game.record_step(player, FunnelStep.LINKED)


def _show_coffee_code(language: str) -> None:
    """Hand over the coffee of a finished deck, for as long as this visit lasts."""
    code = current_session().coffee_code
    if code:
        st.info(translate(language, "state.coffee", code=code), icon=":material/local_cafe:")


def _choose_player(game: Game) -> Player:
    """Whoever plays; who said no to reading, or is hardly known, plays with brands she picks."""
    session, player = current_session(), players.current_player()
    if player.origin is not Origin.OWN or session.reconsiders:
        return player
    if session.plays_with_picks or privacy.has_consented(game.store, player.participant) is False:
        return players.player_with_picks(player.participant)
    return player


def _viewable_origins(player: Player) -> tuple[Origin, ...]:
    """Origins of the decks that she may look back at."""
    own_origins = (Origin.OWN, Origin.PRACTICE)
    return own_origins if player.origin in own_origins else (player.origin,)


def _begin_deck(language: str, game: Game, eligibility: Eligibility) -> None:
    session = current_session()
    if session.history_too_thin:
        if show_notice(language, "thin", "pick"):
            session.history_too_thin, session.plays_with_picks = False, True
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
    if players.current_player().origin is not Origin.OWN:
        return
    if st.button(translate(language, "welcome.reconsider"), key="reconsider"):
        session = current_session()
        session.plays_with_picks, session.reconsiders = False, True
        st.rerun()


def _accepts_practice(language: str, game: Game, eligibility: Eligibility) -> bool:
    """Whether she knows that her deck will not count, where it will not."""
    if eligibility.reason in (None, Ineligible.PLAYED) or current_session().practice_accepted:
        return True
    first_day = format_day(language, (game.row.plays_from or 0) // 1000)
    values = {"study": game.row.name, "date": first_day}
    choice = show_notice(language, eligibility.reason, "practise", "pick", **values)
    if choice == "pick":
        _play_with_picks()
    if choice:
        current_session().practice_accepted = True
        st.rerun()
    return False


def _ask_consent(language: str, game: Game, player: Player) -> None:
    """Deal after a yes; who said it before, and plays again, need not say it again."""
    earlier_answer = privacy.has_consented(game.store, player.participant)
    answer = (
        True
        if earlier_answer and current_session().play_again
        else consent.show_consent(language, game, player)
    )
    if answer is not None and answer is not earlier_answer:
        privacy.record_consent(game.store, player.participant, answer)
    if answer is not None:
        current_session().reconsiders = False
    if answer:
        _start_deal(game, player)
    elif answer is False:
        _play_with_picks()


def _play_with_picks() -> None:
    players.play_as_self()  # in a borrowed life it is that life's history that is not read
    current_session().plays_with_picks = True
    st.rerun()


def _start_deal(game: Game, player: Player) -> None:
    current_session().play_again = False
    loading.start_deal(game, player, SHORT_RECIPE if player.origin in SHORT_DECK_ORIGINS else None)
    st.rerun()


def _await_deck(language: str, pending_deal: PendingDeal) -> None:
    """Wait for the cards. What fails becomes a sentence and a way on."""
    try:
        loading.await_deal(language, pending_deal)
    except NotEnoughHistoryError:
        current_session().history_too_thin = True
    except BrandswipeError as error:
        show_notice(language, "failed", "retry", why=str(error))  # the press begins anew
        st.stop()
    st.rerun()
