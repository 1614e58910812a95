"""The sentence of a verdict says what the verdict says, in both languages."""

from dataclasses import replace

import pytest

from app.presentation.i18n import LANGUAGES
from app.presentation.verdict_text import too_early_text, too_small_text, verdict_text
from recsys.report.forecast import BEYOND, Forecast
from recsys.report.gate import CriterionVerdict, VerdictFacts, VerdictReason, make_verdict

HIT = CriterionVerdict("hit_rate", 0.75, 0.81, 0.70, 0.89, False, False)
SURE = replace(HIT, value=0.85, low=0.78, passed=True)
LIFT = CriterionVerdict("lift", 0.5, 0.49, 0.44, 0.55, False, False)


class TestTheSentence:
    @pytest.mark.parametrize(
        ("ahead", "english", "dutch"),
        [
            (
                Forecast(25, 70),
                "Undecided. 81% of picks were favourites (35 people, between 70% and 89%;"
                " the bar is 75%). Probably 25 to 70 more people.",
                "Nog niet beslist. 81% van de keuzes was favoriet (35 mensen, tussen 70% en 89%;"
                " de lat ligt op 75%). Waarschijnlijk nog 25 tot 70 mensen.",
            ),
        ],
    )
    def test_it_is_the_art_directions(self, ahead: Forecast, english: str, dutch: str) -> None:
        found = make_verdict(VerdictReason.OPEN, [HIT], VerdictFacts(n=35, forecast=ahead))
        assert (verdict_text("en", found), verdict_text("nl", found)) == (english, dutch)

    @pytest.mark.parametrize(
        ("ahead", "end"),
        [
            (Forecast(25, 25), "Probably 25 more people."),
            (Forecast(25, None), "Probably 25 more people, perhaps many more."),
            (Forecast(None, None, BEYOND), "Probably more than 2000 more people."),
            (Forecast(None, None, "too early"), "the bar is 75%)."),
        ],
    )
    def test_it_says_what_is_known_of_the_way_ahead(self, ahead: Forecast, end: str) -> None:
        facts = VerdictFacts(n=35, forecast=ahead)
        found = make_verdict(VerdictReason.OPEN, [HIT], facts)
        assert verdict_text("en", found).endswith(end)

    def test_once_the_hit_rate_is_sure_it_says_what_is_not(self) -> None:
        found = make_verdict(VerdictReason.OPEN, [SURE, LIFT], VerdictFacts(n=35))
        assert "85% of picks were favourites" in verdict_text("en", found)
        assert verdict_text("en", found).endswith(
            "Not yet sure: the lift over the baseline is -2 points"
            " (35 people, between -12 and +10; the bar is 0)."
        )

    @pytest.mark.parametrize(
        ("closed", "text"),
        [(0, "No deck is closed yet."), (1, "1 deck closed."), (3, "3 decks closed.")],
    )
    def test_too_early_counts_decks_and_shows_no_number_of_theirs(
        self, closed: int, text: str
    ) -> None:
        rest = " The first numbers appear at 10 people, so that nobody can be picked out."
        assert too_early_text("en", closed, 10) == text + rest

    def test_too_early_in_dutch(self) -> None:
        assert too_early_text("nl", 3, 10) == (
            "3 stapels gesloten. De eerste cijfers komen bij 10 mensen,"
            " zodat niemand te herkennen is."
        )

    def test_a_panel_too_small_is_told_before_it_starts(self) -> None:
        assert too_small_text("en", 12, 20) == (
            "12 people can never release: with perfect scores it takes 20."
        )
        assert too_small_text("nl", 12, 20) == (
            "12 mensen kunnen nooit vrijgeven: met volmaakte scores zijn er 20 nodig."
        )
        assert too_small_text("en", 20, 20) is None

    @pytest.mark.parametrize("why", list(VerdictReason))
    def test_every_reason_has_a_sentence_in_both_languages(self, why: VerdictReason) -> None:
        found = make_verdict(
            why, [replace(HIT, failed=why is VerdictReason.FAILED)], VerdictFacts(n=35)
        )
        texts = [verdict_text(language, found) for language in LANGUAGES]
        for text in texts:
            assert text.endswith(".")
            assert "{" not in text
        assert len(set(texts)) == len(LANGUAGES)


def test_a_comparison_says_which_version_is_ahead() -> None:
    ahead = CriterionVerdict("challenger", 0.5, 0.62, 0.55, 0.7, True, False)
    found = make_verdict(VerdictReason.PASSED, [ahead], VerdictFacts(n=60))
    assert verdict_text("en", found).startswith(
        "The challenger is ahead. The challenger's hit rate less"
    )
    assert verdict_text("nl", found).startswith(
        "De uitdager ligt voor. De trefkans van de uitdager"
    )
    behind = replace(ahead, passed=False, failed=True)
    found = make_verdict(VerdictReason.FAILED, [behind], VerdictFacts(n=60))
    assert verdict_text("en", found).startswith("The champion is ahead. ")
    found = make_verdict(VerdictReason.OPEN, [replace(ahead, passed=False)], VerdictFacts(n=60))
    assert verdict_text("en", found).startswith("Undecided. The challenger's hit rate less")


@pytest.mark.parametrize(
    ("reason", "facts", "text"),
    [
        (
            VerdictReason.TOO_FEW,
            VerdictFacts(n=15),
            "15 people have played; a verdict needs at least 20",
        ),
        (
            VerdictReason.INCOMPLETE,
            VerdictFacts(completion=0.7),
            "Fewer than 80% of the dealt decks were finished",
        ),
        (VerdictReason.INCOMPLETE, VerdictFacts(), "not known any more"),
        (
            VerdictReason.UNBALANCED,
            VerdictFacts(balance=0.31),
            "0.31 standard deviations apart, where 0.25 is allowed",
        ),
        (VerdictReason.NO_DATA, VerdictFacts(), "no data is never a pass"),
    ],
)
def test_a_limit_says_its_numbers(reason: VerdictReason, facts: VerdictFacts, text: str) -> None:
    assert text in verdict_text("en", make_verdict(reason, [], facts))


def test_a_hold_leads_with_what_failed_and_why() -> None:
    failed = replace(LIFT, failed=True)
    found = make_verdict(VerdictReason.FAILED, [SURE, failed], VerdictFacts(n=60))
    said = verdict_text("en", found)
    assert said.startswith("Hold. The lift over the baseline is -2 points (60 people, between")
    assert "the baseline does better. 85% of picks were favourites" in said
    everything = make_verdict(VerdictReason.FAILED, [failed, failed], VerdictFacts(n=60))
    assert verdict_text("en", everything).count("60 people") == 2
