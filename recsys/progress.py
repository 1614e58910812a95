"""The stages of long work, and the type of the callback that reports their progress."""

from collections.abc import Callable
from enum import StrEnum

ProgressCallback = Callable[[str, float], None]
"""Called with the name of the stage and the share of it that is done, 0 to 1."""


class WorkStage(StrEnum):
    """The stages, as they are shown and stored: with jobs, decks and model versions."""

    STARTING = "starting"
    PLANTING = "planting the shop"
    # import of events or of ranked lists
    READING_FILES = "reading event files"
    CODING_BRANDS = "coding brands and products"  # give each an integer code
    SORTING_EVENTS = "sorting events"
    INDEXING_CUSTOMERS = "indexing customers"
    PLACING_SEGMENT = "putting the segment in place"
    READING_LISTS = "reading the lists"
    COUNTING_POPULARITY = "counting how popular brands are"
    # fit, evaluation, comparison of two versions, simulation
    TUNING = "weighing the parts"  # select HybridParams
    READING_SAMPLE = "reading the sample"
    LEARNING_BRANDS = "learning the brands"
    DEALING_TRIALS = "dealing trial decks"  # decks that are measured and thrown away
    ASKING_RANKERS = "asking the rankers"  # offline evaluation
    ASKING_VERSIONS = "asking both versions"  # comparison
    READING_ANSWERS = "reading answers"
    SIMULATING_STUDIES = "simulating studies"
    EMPLOYEES_PLAY = "simulated employees play"
    COLLEAGUES_PLAY = "colleagues play"
    # batch export of a list for each customer
    CUTTING_EVIDENCE = "cutting the table of evidence"  # split it into parts of customers
    LISTING_BRANDS = "listing everybody's brands"
    # one request by one player
    READING_EVENTS = "reading her events"
    READING_PICKS = "reading your picks"  # brands that a guest named
    SUMMING_UP = "summing up"  # aggregate the events
    RANKING = "ranking"  # `ranking_stage` adds the number of brands
    CHOOSING_DECOYS = "choosing decoys"
    STORING_DECK = "storing the deck"


def ranking_stage(brands: int) -> str:
    """Return the stage in which so many brands are ranked."""
    return f"{WorkStage.RANKING} {brands} brands"
