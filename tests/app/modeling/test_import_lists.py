"""Lists that another system made: studies on them, and files that are refused."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.modeling.recommender import load_recommender
from app.storage.event_store.segment import customer_key
from app.workspace.settings import Settings
from app.workspace.workspace import Workspace
from recsys.errors import NotEnoughHistoryError
from tests.support.cli_runner import Said, brandswipe


@pytest.fixture
def shop(house: Workspace) -> Workspace:
    return house


def made(house: Workspace, n: int = 40) -> tuple[list[str], list[str], list[float]]:
    """Lists of the shop's customers: brands of its catalogue, in an order of their own."""
    customers = list(house.event_store.customer_ids())
    brands = [str(name) for name in load_recommender(house).model.brand_index.brands[:400]]
    rows = [
        (who, brands[(place * 7 + k * 3) % 400], float(n - k))
        for place, who in enumerate(customers)
        for k in range(n)
    ]
    return [r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows]


def write(path: Path, **columns: Sequence[object]) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def imported(house: Workspace, path: Path, *more: str) -> Said:
    return brandswipe(
        "model", "import", str(path), "--name", "theirs", *more, workspace=house.folder
    )


def test_any_system_s_lists_become_a_version_that_a_study_judges(
    shop: Workspace, tmp_path: Path
) -> None:
    customer, brand, score = made(shop)
    path = write(tmp_path / "lists.parquet", customer=customer, brand=brand, score=score)
    said = imported(shop, path, "--format", "json")
    assert said.code == 0, said.err
    assert "Next: brandswipe study open --model theirs" in said.err
    version = shop.registry.version("theirs")
    assert version.hash == said.data["version"]
    brain = load_recommender(shop, "theirs")
    who = customer[0]
    ranked = [score.brand for score in brain.rank(brain.evidence_of(who), 5)]
    assert (
        ranked
        == [name for name in brand[:40] if brain.brand_pool.allowed[brain.brand_pool.codes[name]]][
            :5
        ]
    )
    opened = brandswipe(
        "study", "open", "--name", "Theirs", "--model", "theirs", workspace=shop.folder
    )
    assert opened.code == 0, opened.err
    played = brandswipe("study", "simulate", "--players", "20", workspace=shop.folder)
    assert played.code == 0, played.err
    assert shop.store.studies.get("Theirs").model == version.hash
    assert len(shop.store.decks.closings(shop.store.studies.get("Theirs").hash)) == 20


def test_a_customer_without_a_list_is_told_so_and_history_is_not_guessed_from(
    shop: Workspace, tmp_path: Path
) -> None:
    customer, brand, score = made(shop)
    kept = [place for place, who in enumerate(customer) if who != customer[0]]
    path = write(
        tmp_path / "lists.parquet",
        customer=[customer[i] for i in kept],
        brand=[brand[i] for i in kept],
        score=[score[i] for i in kept],
    )
    assert imported(shop, path).code == 0
    with pytest.raises(NotEnoughHistoryError, match="has no list of this customer"):
        load_recommender(shop, "theirs").evidence_of(customer[0])
    for command in (("what-if", "1 Lego"), ("similar", "Lego"), ("test",), ("evaluate",)):
        said = brandswipe("model", *command, "--model", "theirs", workspace=shop.folder)
        assert (said.code, "is lists of another system" in said.err) == (2, True), said.err


def test_short_lists_are_filled_up_and_that_is_said(shop: Workspace, tmp_path: Path) -> None:
    customer, brand, score = made(shop, n=3)
    said = imported(
        shop, write(tmp_path / "short.parquet", customer=customer, brand=brand, score=score)
    )
    assert said.code == 0
    assert "100% of the lists are shorter than a deck's picks" in said.err


def test_a_few_rows_of_unknown_brands_and_customers_are_left_out_and_counted(
    shop: Workspace, tmp_path: Path
) -> None:
    customer, brand, score = made(shop)
    customer[0], brand[1] = "nobody", "No Such Brand"
    path = write(tmp_path / "lists.parquet", customer=customer, brand=brand, score=score)
    said = imported(shop, path)
    assert said.code == 0
    assert "Left out, unknown brand: 1 rows." in said.err
    assert "Left out, unknown customer: 1 rows." in said.err
    assert load_recommender(shop, "theirs").model.customer_number(customer_key("nobody")) == 0  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda t: {**t, "brand": ["No Such Brand"] * 40}, "40 x unknown brand, for instance 'No"),
        (lambda t: {**t, "customer": ["nobody"] * 40}, "40 x unknown customer. Write brands and"),
        (
            lambda t: {**t, "score": [float("nan"), *t["score"][1:]]},
            "1 of 40 scores in lists.parquet are not finite numbers, the first in row 1",
        ),
        (lambda t: {**t, "score": [*t["score"][1:], float("inf")]}, "the first in row 40"),
        (lambda t: {**t, "score": [None, *t["score"][1:]]}, "numbers, the first in row 1"),
        (lambda t: {**t, "score": ["high"] * 40}, "The column score of lists.parquet is string"),
        (lambda t: {**t, "brand": [None, *t["brand"][1:]]}, "1 rows of lists.parquet have no"),
        (
            lambda t: {"person": t["customer"], "brand": t["brand"]},
            "has no column customer and no column score; it has person, brand.",
        ),
        (lambda t: {name: values[:0] for name, values in t.items()}, "has no rows: write"),
    ],
)  # fmt: skip
def test_lists_that_cannot_be_used_are_refused_and_nothing_is_saved(
    planted_house: Workspace, tmp_path: Path, spoil: object, sentence: str
) -> None:
    customer, brand, score = (column[:40] for column in made(planted_house))
    columns = spoil({"customer": customer, "brand": brand, "score": score})  # type: ignore[operator]
    before = planted_house.registry.versions()
    said = imported(planted_house, write(tmp_path / "lists.parquet", **columns))
    assert said.code == 2
    assert sentence in said.err, said.err
    assert planted_house.registry.versions() == before


def test_a_file_that_is_none_and_a_name_that_cannot_be_one_are_refused(
    planted_house: Workspace, tmp_path: Path
) -> None:
    text = tmp_path / "lists.parquet"
    assert "There is no file" in imported(planted_house, text).err
    text.write_text("customer,brand,score")
    assert "is not a readable Parquet file" in imported(planted_house, text).err
    where = Settings(workspace=planted_house.folder).workspace
    said = brandswipe("model", "import", str(text), "--name", "Not This", workspace=where)
    assert (said.code, "cannot be a tag" in said.err) == (2, True)
