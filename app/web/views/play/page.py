"""The play page: shows the next step of the current player."""

from typing import NoReturn

import streamlit as st

from app.presentation.i18n import format_day, translate
from app.presentation.templating import render_template
from app.storage.study_db.records import DealtDeck, FunnelStep
from app.study import privacy
from app.study.deal_queue import PendingDeal
from app.study.dealing import Player
from app.study.eligibility import Eligibility, check_eligibility
from app.study.game import Game, load_game, study_to_play
from app.web import runtime
from app.web.views import layout, players
from app.web.views.play import brand_picker, consent, deck, loading, reveal, stages
from app.web.views.play.stages import Stage, Step
from app.web.views.session import current_session
from recsys.errors import BrandswipeError, NotEnoughHistoryError
from recsys.study.deck import SHORT_RECIPE, Origin

SHORT_DECK_ORIGINS = (Origin.ELICITED, Origin.PRACTICE)  # decks of eight cards


def play_page() -> None:
    """Show the player's next step. Progress is in the study store, not in the session."""
    language, session = layout.current_language(), current_session()
    row = study_to_play(runtime.store())
    if row is None:
        show_notice(language, "no_study")
        return
    game = load_game(runtime.workspace(), row)
    if session.pending_deal is not None:
        _await_deck(language, session.pending_deal)
    _record_arrival(game)
    eligibility = check_eligibility(game, _choose_player(game), players.built_the_model())
    dealt_deck = _latest_deck(game, eligibility.player)
    if dealt_deck is not None and stages.shows_dealt_deck(session.stage):
        _show_dealt_deck(language, game, eligibility.player, dealt_deck)
    else:
        _take_next_step(language, game, eligibility)


def _take_next_step(language: str, game: Game, eligibility: Eligibility) -> None:
    player = eligibility.player
    consent_given = privacy.has_consented(game.store, player.participant)
    match stages.next_step(current_session().stage, eligibility, consent_given):
        case Step.TELL_THIN:
            if show_notice(language, "thin", "pick"):
                _enter(Stage.PICKS)
        case Step.PICK_BRANDS:
            _show_brand_picker(language, game)
        case Step.TELL_PRACTICE:
            _tell_practice(language, game, eligibility)
        case Step.ASK_CONSENT:
            _ask_consent(language, game, player)
        case Step.DEAL:
            _start_deal(game, player)


def _enter(stage: Stage) -> NoReturn:
    """Set the stage and rerun the page."""
    current_session().stage = stage
    st.rerun()


def show_notice(language: str, state: str, *choices: str, **values: object) -> str | None:
    """Show the message of a state with buttons; return the clicked choice, or None."""
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


def _record_arrival(game: Game) -> None:
    """Record that an invited person opened the page, and whether the account is linked."""
    player = players.current_player()
    game.record_step(player, FunnelStep.OPENED)
    if player.origin is Origin.OWN:
        game.record_step(player, FunnelStep.LINKED)


def _choose_player(game: Game) -> Player:
    """Return the player; with picked brands after a no to reading history or by choice."""
    player = players.current_player()
    if player.origin is not Origin.OWN:
        return player
    consent_given = privacy.has_consented(game.store, player.participant)
    if stages.reads_history(current_session().stage, consent_given):
        return player
    return players.player_with_picks(player.participant)


def _latest_deck(game: Game, player: Player) -> DealtDeck | None:
    """Return the open deck, else the newest closed deck that the player may see, or None."""
    own_origins = (Origin.OWN, Origin.PRACTICE)
    viewable = own_origins if player.origin in own_origins else (player.origin,)
    return game.open_deck(player) or game.latest_closed_deck(player, *viewable)


def _show_dealt_deck(language: str, game: Game, player: Player, dealt_deck: DealtDeck) -> None:
    if not game.is_closed(dealt_deck):
        deck.show_deck(language, game, player, dealt_deck)
        return
    _show_coffee_code(language)
    reveal.show_reveal(language, game, player, dealt_deck)
    deck.send_late_answers(language, player, dealt_deck.deck.id)


def _show_coffee_code(language: str) -> None:
    """Show the coffee code of a finished deck, throughout this visit."""
    code = current_session().coffee_code
    if code:
        st.info(translate(language, "state.coffee", code=code), icon=":material/local_cafe:")


def _show_brand_picker(language: str, game: Game) -> None:
    """Show the brand picker; offer a linked customer to play from history instead."""
    brand_picker.show_brand_picker(language, game, lambda: _start_deal(game, _choose_player(game)))
    if players.current_player().origin is not Origin.OWN:
        return
    if st.button(translate(language, "welcome.reconsider"), key="reconsider"):
        _enter(Stage.RECONSIDER)


def _tell_practice(language: str, game: Game, eligibility: Eligibility) -> None:
    """Say why the deck will not count, and offer practice or brand picking."""
    assert eligibility.reason is not None
    first_day = format_day(language, (game.row.plays_from or 0) // 1000)
    values = {"study": game.row.name, "date": first_day}
    choice = show_notice(language, eligibility.reason, "practise", "pick", **values)
    if choice:
        _enter(Stage.PICKS if choice == "pick" else Stage.PRACTICE)


def _ask_consent(language: str, game: Game, player: Player) -> None:
    """Ask for consent: deal after a yes, go to the brand picker after a no."""
    answer = consent.show_consent(language, game, player)
    if answer is None:
        return
    if answer is not privacy.has_consented(game.store, player.participant):
        privacy.record_consent(game.store, player.participant, answer)
    if answer:
        _start_deal(game, player)
    else:
        players.play_as_self()  # with a persona, the no was about the persona's history
        _enter(Stage.PICKS)


def _start_deal(game: Game, player: Player) -> NoReturn:
    session = current_session()
    session.stage = stages.after_deal(session.stage)
    loading.start_deal(game, player, SHORT_RECIPE if player.origin in SHORT_DECK_ORIGINS else None)
    st.rerun()


def _await_deck(language: str, pending_deal: PendingDeal) -> None:
    """Wait for the deck; show a failure as a message with a retry button."""
    try:
        loading.await_deal(language, pending_deal)
    except NotEnoughHistoryError:
        current_session().stage = Stage.THIN
    except BrandswipeError as error:
        show_notice(language, "failed", "retry", why=str(error))  # the click starts again
        st.stop()
    st.rerun()
