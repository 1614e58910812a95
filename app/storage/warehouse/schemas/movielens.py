"""MovieLens: ratings.csv and movies.csv (ml-latest, ml-20m and later); older files, see `bare`.

Source: the README of the data set, files.grouplens.org/datasets/movielens/ml-latest-README.html:
userId, movieId, rating (half stars up to 5), timestamp (seconds since 1970, UTC); movieId, title,
genres (with | between).

Films have no brands: all genres of a film together stand for one, its first genre is the category.
A rating of 4 or more counts as a purchase, a lower one as a view.
"""

from app.storage.warehouse.schemas.base import Columns, Schema, Source, said
from recsys.dataset.events import Col, ProductCol


def _events(source: Source) -> Columns:
    rating = source.number("rating")
    return {
        Col.CUSTOMER: said(source.text("userId")),
        Col.TS: source.whole("timestamp"),
        Col.EVENT: f"CASE WHEN {rating} >= 4 THEN 'purchase' WHEN {rating} >= 0 THEN 'view' END",
        Col.PRODUCT: said(source.text("movieId")),
    }


def _products(source: Source) -> Columns:
    genres = said(source.text("genres"), "(no genres listed)")
    return {
        Col.PRODUCT: source.text("movieId"),
        ProductCol.TITLE: source.text("title"),
        Col.BRAND: f"REPLACE({genres}, '|', ' & ')",
        Col.CATEGORY: f"SPLIT_PART({genres}, '|', 1)",
    }


MOVIELENS = Schema(
    name="movielens",
    needs=("userId", "movieId", "rating", "timestamp"),
    reads={"userId": "", "movieId": "", "rating": "", "timestamp": ""},
    user="userId",
    events=_events,
    shelf=("movieId", "title", "genres"),
    products=_products,
)
