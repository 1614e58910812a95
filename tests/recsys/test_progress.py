"""The stages of long work are told apart by their words, and a number comes with its noun."""

from recsys.progress import WorkStage, ranking_stage


def test_the_ranking_says_how_many_brands() -> None:
    assert ranking_stage(312) == "ranking 312 brands"


def test_no_two_stages_are_called_alike() -> None:
    assert len({stage.value.casefold() for stage in WorkStage}) == len(WorkStage)
