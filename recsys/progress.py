"""The stages of long work, and the callback that hears how far it is."""

from collections.abc import Callable
from enum import StrEnum

ProgressCallback = Callable[[str, float], None]
"""Called with the name of the stage and the share of it that is done, 0 to 1."""


class WorkStage(StrEnum):
    """The stages, as they are shown and stored: with jobs, decks and model versions."""

    STARTING = "starting"
    PLANTING = "planting the shop"
    # an import
    READING_FILES = "reading event files"
    CODING_BRANDS = "coding brands and products"
    SORTING_EVENTS = "sorting events"
    INDEXING_CUSTOMERS = "indexing customers"
    PLACING_SEGMENT = "putting the segment in place"
    READING_LISTS = "reading the lists"
    COUNTING_POPULARITY = "counting how popular brands are"
    # a fit, an evaluation, a comparison and a simulation
    TUNING = "weighing the parts"
    READING_SAMPLE = "reading the sample"
    LEARNING_BRANDS = "learning the brands"
    DEALING_TRIALS = "dealing trial decks"
    ASKING_RANKERS = "asking the rankers"
    ASKING_VERSIONS = "asking both versions"
    READING_ANSWERS = "reading answers"
    SIMULATING_STUDIES = "simulating studies"
    EMPLOYEES_PLAY = "simulated employees play"
    COLLEAGUES_PLAY = "colleagues play"
    # lists for everybody
    CUTTING_EVIDENCE = "cutting the table of evidence"
    LISTING_BRANDS = "listing everybody's brands"
    # one request
    READING_EVENTS = "reading her events"
    READING_PICKS = "reading your picks"
    SUMMING_UP = "summing up"
    RANKING = "ranking"  # and how many brands: see `ranking_stage`
    CHOOSING_DECOYS = "choosing decoys"
    STORING_DECK = "storing the deck"


def ranking_stage(brands: int) -> str:
    """Return the stage in which so many brands are ranked."""
    return f"{WorkStage.RANKING} {brands} brands"
