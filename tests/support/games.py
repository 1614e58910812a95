"""Games in a store of their own, over the brain of the planted shop."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import count, islice

from app.modeling.recommender import Recommender, load_recommender
from app.storage.study_db.records import Closing, DealtDeck, IncomingSwipe
from app.storage.study_db.store import StudyStore
from app.study import privacy
from app.study.dealing import Player
from app.study.game import Game
from app.study.opening import open_study
from app.workspace.workspace import DEFAULT_BASELINE, Workspace
from recsys.study.deck import Card, CardRole, Deck, DeckRecipe, Origin
from recsys.study.policy import Policy, StudyKind
from recsys.study.swipes import Answer, SwipeKind

WILLING = ("p", "p1", "p2", "q", "own", "practice", *(f"p-own-{n}" for n in range(60)))
"""Participants who have said that their history may be read."""
RANDOM = 20_260_101 << 96  # what 128 random bits may look like


class Clock:
    """A clock that moves when it is told to. Milliseconds since 1970."""

    def __init__(self) -> None:
        self.now = 1_763_900_000_000

    def __call__(self) -> int:
        return self.now


def game_of(
    house: Workspace,
    kind: StudyKind = StudyKind.LIVE,
    rule: Policy | None = None,
    clock: Clock | None = None,
    store: StudyStore | None = None,
) -> Game:
    """A new study on the newest model, in a store of its own unless one is given."""
    policy = rule or house.policy
    opened = store or StudyStore(clock=clock or Clock())
    version = house.version().hash
    row = open_study(opened, None, kind, policy, version, DEFAULT_BASELINE, invitation_seed=1)
    numbers = count()
    for who in WILLING:
        privacy.record_consent(opened, who, yes=True)
    return Game(
        opened,
        load_recommender(house, policy=policy),
        row,
        random_bits=lambda _: RANDOM + next(numbers),
    )


def known_customers(brain: Recommender, n: int, least: int = 8) -> list[str]:
    """Customers with evidence of so many brands."""
    ids = brain.event_store.customer_ids()
    return list(islice((c for c in ids if len(brain.evidence_of(c)) >= least), n))


def people(brain: Recommender, n: int, origin: Origin) -> list[Player]:
    """Different people with histories of their own."""
    found = known_customers(brain, n)
    return [Player(f"p-{origin}-{at}", origin, customer) for at, customer in enumerate(found)]


def perfect(card: Card) -> Answer:
    """What somebody says whose favourites the model knows exactly."""
    return Answer.SUPER_LIKE if card.role is CardRole.PICK else Answer.NOT_FAVOURITE


def posts(deck: Deck, answers: Mapping[int, Answer], ms: int = 1_500) -> list[IncomingSwipe]:
    """Answers as the browser sends them."""
    plain = IncomingSwipe("", 0, SwipeKind.ANSWER, None, "tab", 0, ms, "key", "desk", None)
    return [
        replace(plain, id=f"{deck.id}-{place}", position=place, answer=answer, tab_seq=n)
        for n, (place, answer) in enumerate(answers.items(), start=1)
    ]


def play(
    game: Game,
    player: Player,
    say: object = perfect,
    recipe: DeckRecipe | None = None,
    cards: int | None = None,
) -> tuple[DealtDeck, Closing]:
    """Deal, answer and close one deck."""
    dealt = game.start(player, recipe)
    assert callable(say)
    answers = {card.position: say(card) for card in dealt.deck.cards[:cards]}
    game.store.swipes.add(dealt.deck.id, posts(dealt.deck, answers))
    return dealt, game.finish(dealt.deck.id)
