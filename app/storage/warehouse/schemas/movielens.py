"""MovieLens: ratings.csv and movies.csv (ml-latest, ml-20m and later).

Older files without a header are in HEADERLESS_FORMATS of `app.storage.ingest.staging`.

Source: the README of the data set, files.grouplens.org/datasets/movielens/ml-latest-README.html:
userId, movieId, rating (half stars up to 5), timestamp (seconds since 1970, UTC); movieId, title,
genres (separated by |).

Films have no brands: the list of a film's genres serves as its brand, the first genre as its
category. A rating of 4 or more counts as a purchase, a lower rating as a view.
"""

from app.storage.warehouse.schemas.base import (
    ColumnSql,
    EventSchema,
    SourceTable,
    null_if_empty_sql,
)
from recsys.dataset.events import Col, ProductCol


def _events(source: SourceTable) -> ColumnSql:
    rating = source.number("rating")
    return {
        Col.CUSTOMER: null_if_empty_sql(source.text("userId")),
        Col.TS: source.integer("timestamp"),
        Col.EVENT: f"CASE WHEN {rating} >= 4 THEN 'purchase' WHEN {rating} >= 0 THEN 'view' END",
        Col.PRODUCT: null_if_empty_sql(source.text("movieId")),
    }


def _products(source: SourceTable) -> ColumnSql:
    genres = null_if_empty_sql(source.text("genres"), "(no genres listed)")
    return {
        Col.PRODUCT: source.text("movieId"),
        ProductCol.TITLE: source.text("title"),
        Col.BRAND: f"REPLACE({genres}, '|', ' & ')",
        Col.CATEGORY: f"SPLIT_PART({genres}, '|', 1)",
    }


MOVIELENS = EventSchema(
    name="movielens",
    required_columns=("userId", "movieId", "rating", "timestamp"),
    column_formats={"userId": "", "movieId": "", "rating": "", "timestamp": ""},
    user_column="userId",
    events=_events,
    product_columns=("movieId", "title", "genres"),
    products=_products,
)
