"""The closed deck: cards turned over, her row of brands, the team, and what comes next."""

from collections.abc import Mapping, Sequence

import streamlit as st

from app.presentation.explanations import listed, reason
from app.presentation.i18n import LANGUAGES, section, text
from app.storage.study_db.records import Closing, DealtDeck, Refusal
from app.study.dealing import Player
from app.study.game import Game, Turned
from app.web import runtime
from app.web.components.reveal import Revealed, reveal
from app.web.components.widgets import pass_on
from app.web.pages import layout, my_brands, session
from app.web.pages.play import participation, simulated_play, story_crawl
from recsys.errors import UnknownNameError
from recsys.study.deck import Arm, Origin
from recsys.study.policy import StudyKind
from recsys.study.scoring import Excluded
from recsys.study.swipes import Answer


def show(language: str, game: Game, player: Player, dealt: DealtDeck) -> None:
    """Turn the cards of a closed deck over, and offer what comes next."""
    _cards(language, game, player, dealt)
    _row(language, game, player)
    if game.row.kind is StudyKind.LIVE:
        participation.section(language, game)
    if game.row.kind is StudyKind.PLAYGROUND:
        simulated_play.section(language)
    st.divider()
    with st.container(horizontal=True):
        _again(language, dealt.deck.origin)
    if not runtime.settings().share:  # there a code lets people in, and no link would
        _invite(language)


@st.fragment
def _cards(language: str, game: Game, player: Player, dealt: DealtDeck) -> None:
    """A tap on a reason draws this part anew, and nothing else of the page."""
    layout.guarded(lambda: _turn(language, game, player, dealt), language)


def _turn(language: str, game: Game, player: Player, dealt: DealtDeck) -> None:
    deck, key = dealt.deck.id, f"reveal_{dealt.deck.id}"
    done = st.session_state.setdefault(f"kept_{deck}", {})
    tapped = (st.session_state.get(key) or {}).get("refusals") or {}
    keep_refusals(game, player, deck, tapped, done)
    turned = game.reveal(deck, player)
    reveal(
        [_shown(language, card, bool(player.named)) for card in turned],
        deck_id=deck,
        headline=headline(language, turned),
        news=fooled(language, turned),
        lead=session.mark(language, dealt.deck.origin)
        or counts(language, game.store.closing(deck)),
        texts=section(language, "reveal"),
        key=key,
    )


def keep_refusals(
    game: Game, player: Player, deck: str, tapped: Mapping[str, str], done: dict[str, str]
) -> None:
    """Keep what was tapped since the last time; another tab's later word is left alone.

    The page sends all of its taps each time, so that none can be lost; `done` holds those kept.
    """
    known = [reason.value for reason in Refusal]
    for position, why in tapped.items():
        if done.get(position) != why:
            if why not in known:
                raise UnknownNameError("reason", why, known)
            game.refuse(deck, player, int(position), Refusal(why))
            done[position] = why


def _row(language: str, game: Game, player: Player) -> None:
    """Her brands as customers would get them; a guest whose picks went with her tab has none."""
    faces = my_brands.row(game, player)
    if faces:
        st.header(text(language, "carousel.row_title"), anchor=False)
        my_brands.shelves(language, game, player)
        story_crawl.section(language, [face.brand for face in faces])


def _again(language: str, origin: Origin) -> None:
    persona = session.persona()
    if persona is not None:
        label = text(language, "personas.again", name=persona.name)
    elif origin is Origin.ELICITED:
        label = text(language, "taster.again")
    else:
        label = text(language, "reveal.practice")
    if st.button(label, key="again_button"):
        session.play_again()
    if persona is not None:
        session.offer_oneself(language)


def _invite(language: str) -> None:
    st.header(text(language, "pass_on.title"), anchor=False)
    st.write(text(language, "pass_on.lead"))
    words = {code: section(code, "pass_on")["sentence"] for code in LANGUAGES}
    pass_on(
        {code: (LANGUAGES[code], words[code]) for code in LANGUAGES},
        texts=section(language, "pass_on"),
    )


def _shown(language: str, card: Turned, named: bool) -> Revealed:
    is_pick = card.is_pick
    why = reason(language, card.why.why, named) if is_pick and card.why else ""
    return Revealed(card.face, card.card.arms, card.answer, why, card.asks, card.refused)


def headline(language: str, turned: Sequence[Turned]) -> str:
    """Say how many picks were favourites, and how many decoys were unmasked."""
    picks = [t for t in turned if t.is_pick]
    decoys = [t for t in turned if Arm.DECOY in t.card.arms]
    hits = sum(t.answer is not None and t.answer.liked for t in picks)
    unmasked = sum(t.answer is Answer.NOT_FAVOURITE for t in decoys)
    return text(
        language,
        "reveal.headline" if decoys else "reveal.headline_no_decoys",
        hits=hits,
        picks=len(picks),
        unmasked=unmasked,
        decoys=len(decoys),
    )


def fooled(language: str, turned: Sequence[Turned]) -> str:
    """Name the decoys that she liked; nothing to say where none was dealt."""
    decoys = [t for t in turned if Arm.DECOY in t.card.arms]
    liked = [t.card.brand for t in decoys if t.answer is not None and t.answer.liked]
    if liked:
        return text(language, "reveal.fooled", n=len(liked), brands=listed(language, liked))
    return text(language, "reveal.fooled_none") if decoys else ""


def counts(language: str, closing: Closing | None) -> str:
    """Say whether a closed deck counts, and if not, why."""
    if closing is None or (closing.why_not is None and closing.score is None):
        return text(language, f"reveal.does_not_count_{Excluded.TOO_FEW}")
    if closing.why_not is None:
        return text(language, "reveal.counts")
    known = f"does_not_count_{closing.why_not}"
    plain = "does_not_count" if known not in section(language, "reveal") else known
    return text(language, f"reveal.{plain}")
