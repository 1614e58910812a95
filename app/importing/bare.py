"""MovieLens' older files, whose first line is a row: named by us, so that they read like the newer.

Source: the READMEs of the data sets, files.grouplens.org/datasets/movielens/ml-100k-README.txt
(u.data, u.item) and ml-1m-README.txt, ml-10m-README.html (ratings.dat, movies.dat). In u.item each
genre is a column of 0 and 1, in this order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_RATINGS = ("userId", "movieId", "rating", "timestamp")
_FILMS = ("movieId", "title", "genres")
_GENRES = (
    "(no genres listed)", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime",
    "Documentary", "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance",
    "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bare:
    """A file without a first line of names."""

    delimiter: str
    there: tuple[str, ...]  # what its columns are
    named: tuple[str, ...]  # what is made of them
    encoding: str = "utf-8"

    @property
    def picks(self) -> str:
        """SQL for the columns that are made of those that are there."""
        if self.there == self.named:
            return "*"
        genres = ", ".join(
            f"""CASE "{name}" WHEN '1' THEN '{_plain(name)}' END""" for name in _GENRES
        )
        return f"movieId, title, concat_ws('|', {genres}) AS genres"


def _plain(name: str) -> str:
    return name.replace("'", "''")


BARE: Mapping[str, Bare] = {
    "ratings.dat": Bare("::", _RATINGS, _RATINGS),
    "movies.dat": Bare("::", _FILMS, _FILMS, "latin-1"),
    "u.data": Bare("\t", _RATINGS, _RATINGS),
    "u.item": Bare(
        "|", ("movieId", "title", "released", "video", "address", *_GENRES), _FILMS, "latin-1"
    ),
}


def bare(file: Path) -> Bare | None:
    """Return how such a file is read; None for one that names its columns."""
    return BARE.get(file.name.lower())
