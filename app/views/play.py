"""The game: pick brands or borrow a life, swipe, see the cards turn over."""

from collections.abc import Mapping, Sequence

import streamlit as st

from app import runtime
from app.address import home
from app.game import Game, Player, Turned
from app.planting import personas_of
from app.reasons import reason
from app.rows.records import DealtDeck
from app.swipe_cards import Revealed, brand_wall, reveal, swipe_cards
from app.views import colleagues, frame, invite, visit
from app.words import section, shown, text
from recsys.deck import TASTER, Arm, Origin, Stratum
from recsys.personas import Persona
from recsys.policy import StudyKind
from recsys.swipes import Answer, stand

STAGES = {  # how the stopwatch calls them, and how the page does
    "reading her events": "reading",
    "reading your picks": "picks",
    "summing up": "summing",
    "ranking": "ranking",
    "choosing decoys": "choosing",
}
WALL = 420  # brands on the wall: the most bought


def page() -> None:
    """Show whatever comes next for whoever is here; the store alone knows where she was."""
    language = frame.language()
    row = runtime.house().study_to_play()
    if row is None:
        _nothing_yet(language)
        return
    game, player = runtime.house().game(row), visit.player()
    dealt = game.open_deck(player) or _latest(game, player)
    if dealt is None or st.session_state.get("again"):
        _welcome(language, game, player)
    elif game.store.closing(dealt.deck.id) is None:
        _swipe(language, game, player, dealt)
    else:
        _reveal(language, game, player, dealt)


def _latest(game: Game, player: Player) -> DealtDeck | None:
    decks = [
        dealt
        for dealt in game.store.decks_by(player.participant)
        if dealt.deck.study == game.row.hash and dealt.deck.origin is player.origin
    ]
    return decks[-1] if decks else None


def _nothing_yet(language: str) -> None:
    st.title(text(language, "state.no_study_title"))
    st.write(text(language, "state.no_study"))


def _welcome(language: str, game: Game, player: Player) -> None:
    if player.origin is Origin.PERSONA:
        _deal(game, player)
        return
    st.title(text(language, "wall.title"))
    st.write(text(language, "wall.lead"))
    brands = _wall_brands(game)
    picked = brand_wall(brands, texts=section(language, "wall")).picked
    if picked:
        st.session_state[visit.NAMED] = tuple(picked)
        named = Player(player.participant, player.origin, named=tuple(picked))
        _deal(game, named)
    _offer_personas(language)
    invite.section(language)


def _wall_brands(game: Game) -> list[tuple[str, str]]:
    shelf = game.brain.shelf
    order = sorted(range(len(shelf.names)), key=lambda code: -int(shelf.buyers[code]))
    return [
        (str(shelf.names[code]), str(shelf.category_names[shelf.category[code]]))
        for code in order
        if shelf.allowed[code]
    ][:WALL]


def _deal(game: Game, player: Player) -> None:
    recipe = TASTER if player.origin is Origin.ELICITED else None
    game.start(player, recipe)
    st.session_state["again"] = False
    st.rerun()


def _offer_personas(language: str) -> None:
    known = personas_of(runtime.settings().workspace)
    if not known:
        return
    st.header(text(language, "personas.title"))
    st.write(text(language, "personas.lead"))
    for left, right in zip(known[::2], known[1::2], strict=False):
        for column, persona in zip(st.columns(2), (left, right), strict=True):
            with column.container(border=True, height="stretch"):
                _offer(language, persona)


def _offer(language: str, persona: Persona) -> None:
    st.subheader(persona.name)
    st.write(persona.nl if language == "nl" else persona.en)
    label = text(language, "personas.choose", name=persona.name)
    if st.button(label, key=f"persona_{persona.name}"):
        visit.borrow(persona.name)
        st.session_state["again"] = False
        st.rerun()


def _mark(language: str) -> str:
    persona = visit.persona()
    if persona is not None:
        return text(language, "personas.mark", name=persona.name)
    return text(language, "taster.mark")


def _swipe(language: str, game: Game, player: Player, dealt: DealtDeck) -> None:
    _how_fast(language, game, dealt)
    deck = dealt.deck
    said = swipe_cards(
        game.faces(deck),
        deck.id,
        _token(player, deck.id),
        texts=section(language, "swipe") | {"question": _question(language, game)},
        standing=stand(game.store.swipes_of(deck.id)),
        api=f"{home()}api/swipes",
        namespace=player.participant[:16],
        note=_mark(language),
        key=f"deck_{deck.id}",
    )
    if said.renew:
        st.session_state.pop(f"token_{deck.id}", None)
        st.rerun()
    if said.finished == deck.id:
        game.finish(deck.id)
        st.rerun()
    if visit.persona():
        with st.container(horizontal_alignment="center"):
            _be_yourself(language)


def _question(language: str, game: Game) -> str:
    """The question as the study wrote it down."""
    asked = game.study.policy.question
    return asked.nl if language == "nl" else asked.en


def _token(player: Player, deck: str) -> str:
    """Sign once a deck and visit: a new value would start the cards' script again."""
    key = f"token_{deck}"
    if key not in st.session_state:
        st.session_state[key] = runtime.tokens().sign(player.participant, deck)
    return str(st.session_state[key])


def _how_fast(language: str, game: Game, dealt: DealtDeck) -> None:
    seconds = max(sum(dealt.timings.values()) / 1000, 0.001)
    if dealt.deck.origin is Origin.ELICITED:  # nobody was looked up: five picks were enough
        brands = len(game.brain.catalogue.brands)
        said = text(language, "wait.ranked", brands=brands, seconds=seconds)
    else:
        customers = game.brain.warehouse.customers
        said = text(language, "wait.found", customers=customers, seconds=seconds)
    st.caption(said, help=_stages(language, dealt.timings))


def _stages(language: str, timings: Mapping[str, float]) -> str:
    """Each stage of the wait with its true time, a line each."""
    lines = [
        f"{text(language, f'wait.stage_{key}')}: {shown(language, ms)} ms"
        for start, key in STAGES.items()
        for stage, ms in timings.items()
        if stage.startswith(start)
    ]
    return "\n\n".join(lines)


def _reveal(language: str, game: Game, player: Player, dealt: DealtDeck) -> None:
    turned = game.reveal(dealt.deck.id, player)
    reveal(
        [_shown(language, card, bool(player.named)) for card in turned],
        deck_id=dealt.deck.id,
        headline=_headline(language, turned),
        texts=section(language, "reveal"),
        lead=_mark(language),
        key=f"reveal_{dealt.deck.id}",
    )
    with st.container(horizontal=True):
        _again(language)
    if game.row.kind is StudyKind.PLAYGROUND:
        colleagues.section(language)


def _again(language: str) -> None:
    persona = visit.persona()
    if persona is not None:
        label = text(language, "personas.again", name=persona.name)
        if st.button(label, key="persona_again"):
            st.session_state["again"] = True
            st.rerun()
        _be_yourself(language)
    elif st.button(text(language, "taster.again"), key="again_button"):
        st.session_state["again"] = True
        st.rerun()


def _be_yourself(language: str) -> None:
    if st.button(text(language, "personas.stop"), key="be_yourself"):
        visit.give_back()
        st.rerun()


def _shown(language: str, card: Turned, named: bool) -> Revealed:
    is_pick = Arm.PICK in card.card.arms
    why = reason(language, card.why.why, named) if is_pick and card.why else ""
    return Revealed(card.face, card.card.arms, card.answer, why)


def _headline(language: str, turned: Sequence[Turned]) -> str:
    picks = [t for t in turned if t.card.stratum is Stratum.PICK]
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
