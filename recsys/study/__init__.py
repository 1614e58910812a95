"""A study: its policy, decks and decoys, swipes, exclusions, the scores of a deck, and power."""

from recsys.study.deck import Deck as Deck
from recsys.study.deck import deal_deck as deal_deck
from recsys.study.policy import Policy as Policy
from recsys.study.policy import Study as Study
from recsys.study.policy import StudyKind as StudyKind
from recsys.study.scoring import score_deck as score_deck
from recsys.study.swipes import current_answers as current_answers
