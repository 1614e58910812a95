"""What leaves as a file of a shop with hostile names is text, in every shape."""

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest

from app.storage.study_db.store import StudyStore
from recsys.study.swipes import CompletedDeck
from tests.support.cli_runner import brandswipe
from tests.support.closed_decks import panel
from tests.support.report_workspace import HONEST, open_one, play

HOSTILE = (
    '=HYPERLINK("http://127.0.0.1:9/")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1;1)",
    "\t=1+1",
    "<script>pwned=1</script>",
    "<img src=x onerror=pwned=1>",
    "[a](javascript:pwned)",
    "![a](http://127.0.0.1:9/x.png)",
    '"><svg onload=pwned=1>',
    "a | b",
    'comma, "quote"',
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study whose brands and categories are attacks, played by enough to show each."""
    folder: Path = tmp_path_factory.mktemp("hostile")
    with_store = StudyStore(folder / "study.db")
    play(with_store, open_one(with_store, "s"), [renamed(one) for one in panel(60, 1, **HONEST)])
    with_store.close()
    return folder


def renamed(played: CompletedDeck) -> CompletedDeck:
    """The same deck with hostile names on its cards."""
    cards = tuple(
        replace(card, brand=f"{HOSTILE[n % len(HOSTILE)]} {n}", category=HOSTILE[n % 5])
        for n, card in enumerate(played.deck.cards)
    )
    return replace(played, deck=replace(played.deck, cards=cards))


def written(workspace: Path, shape: str) -> str:
    return brandswipe("study", "report", "--format", shape, workspace=workspace).out


def test_every_hostile_name_is_in_the_table_and_none_is_a_formula(workspace: Path) -> None:
    rows = list(csv.reader(io.StringIO(written(workspace, "csv"))))
    labels = [row[1] for row in rows if row[0] == "brands"]
    for name in HOSTILE:
        assert any(name in label for label in labels), name
    cells = [cell for row in rows for cell in row if not re.fullmatch(r"-?[\d.]+", cell)]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_no_hostile_name_is_markup_in_markdown(workspace: Path) -> None:
    text = written(workspace, "md")
    assert "SUM(1;1)" in text
    assert not re.search(r"(?<!\\)<", text)
    assert not re.search(r"(?<!\\)\]\(", text)
    assert not re.search(r"(?<!\\)\[a", text)
    table = [line for line in text.splitlines() if "SUM" in line or "a \\| b" in line]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {6}  # five columns


def test_no_hostile_name_is_markup_in_the_file_for_the_board(workspace: Path) -> None:
    text = written(workspace, "html")
    assert "&lt;script&gt;pwned=1&lt;/script&gt;" in text
    assert not re.search(r"<(script|img|iframe|a)\b", text)
    assert not re.search(r"<[^>]*\son\w+=", text)
