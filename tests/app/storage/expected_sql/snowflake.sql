-- ga4
ALTER SESSION SET TIMEZONE = 'UTC';
COPY INTO @YOUR_STAGE/brandswipe/events
FROM (
SELECT *
FROM (
SELECT
  NULLIF(NULLIF(CAST(e.user_id AS VARCHAR), ''), '(not set)') AS customer_id,
  CAST(FLOOR(TRY_TO_NUMBER(CAST(e.event_timestamp AS VARCHAR)) / 1000000) AS BIGINT) AS ts,
  CASE CAST(e.event_name AS VARCHAR) WHEN 'view_item' THEN 'view' WHEN 'add_to_wishlist' THEN 'wishlist' WHEN 'add_to_cart' THEN 'cart' WHEN 'purchase' THEN 'purchase' WHEN 'refund' THEN 'return' END AS event,
  NULLIF(NULLIF(CAST(GET_PATH(u1.VALUE, 'item_id') AS VARCHAR), ''), '(not set)') AS product_id,
  NULLIF(NULLIF(CAST(GET_PATH(u1.VALUE, 'item_brand') AS VARCHAR), ''), '(not set)') AS brand,
  COALESCE(NULLIF(NULLIF(CAST(GET_PATH(u1.VALUE, 'item_category2') AS VARCHAR), ''), '(not set)'), NULLIF(NULLIF(CAST(GET_PATH(u1.VALUE, 'item_category') AS VARCHAR), ''), '(not set)')) AS category,
  TRY_TO_DOUBLE(CAST(GET_PATH(u1.VALUE, 'price') AS VARCHAR)) AS price,
  TRY_TO_DOUBLE(CAST(GET_PATH(u1.VALUE, 'quantity') AS VARCHAR)) AS quantity
FROM events AS e
CROSS JOIN LATERAL FLATTEN(INPUT => TO_VARIANT(e.items)) AS u1
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts
)
FILE_FORMAT = (TYPE = PARQUET) HEADER = TRUE OVERWRITE = TRUE;

-- google-retail
ALTER SESSION SET TIMEZONE = 'UTC';
COPY INTO @YOUR_STAGE/brandswipe/events
FROM (
SELECT *
FROM (
SELECT
  NULLIF(CAST(GET_PATH(TO_VARIANT(e.userInfo), 'userId') AS VARCHAR), '') AS customer_id,
  DATE_PART(EPOCH_SECOND, TRY_TO_TIMESTAMP_TZ(CAST(e.eventTime AS VARCHAR))) AS ts,
  CASE CAST(e.eventType AS VARCHAR) WHEN 'detail-page-view' THEN 'view' WHEN 'add-to-cart' THEN 'cart' WHEN 'purchase-complete' THEN 'purchase' END AS event,
  NULLIF(CAST(GET_PATH(u1.VALUE, 'product.id') AS VARCHAR), '') AS product_id,
  NULLIF(CAST(u2.VALUE AS VARCHAR), '') AS brand,
  NULLIF(CAST(GET_PATH(u1.VALUE, 'product.categories[0]') AS VARCHAR), '') AS category,
  TRY_TO_DOUBLE(CAST(GET_PATH(u1.VALUE, 'product.priceInfo.price') AS VARCHAR)) AS price,
  TRY_TO_DOUBLE(CAST(GET_PATH(u1.VALUE, 'product.priceInfo.originalPrice') AS VARCHAR)) AS list_price,
  TRY_TO_DOUBLE(CAST(GET_PATH(u1.VALUE, 'quantity') AS VARCHAR)) AS quantity
FROM events AS e
CROSS JOIN LATERAL FLATTEN(INPUT => TO_VARIANT(e.productDetails)) AS u1
CROSS JOIN LATERAL FLATTEN(INPUT => GET_PATH(u1.VALUE, 'product.brands'), OUTER => TRUE) AS u2
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts
)
FILE_FORMAT = (TYPE = PARQUET) HEADER = TRUE OVERWRITE = TRUE;

-- segment
ALTER SESSION SET TIMEZONE = 'UTC';
COPY INTO @YOUR_STAGE/brandswipe/events
FROM (
SELECT *
FROM (
SELECT
  NULLIF(CAST(e.userId AS VARCHAR), '') AS customer_id,
  DATE_PART(EPOCH_SECOND, TRY_TO_TIMESTAMP_TZ(CAST(e.timestamp AS VARCHAR))) AS ts,
  CASE CAST(e.event AS VARCHAR) WHEN 'Product Viewed' THEN 'view' WHEN 'Product Added to Wishlist' THEN 'wishlist' WHEN 'Product Added' THEN 'cart' WHEN 'Order Completed' THEN 'purchase' WHEN 'Order Refunded' THEN 'return' END AS event,
  COALESCE(NULLIF(CAST(GET_PATH(u1.VALUE, 'product_id') AS VARCHAR), ''), NULLIF(CAST(GET_PATH(TRY_PARSE_JSON(CAST(e.properties AS VARCHAR)), 'product_id') AS VARCHAR), '')) AS product_id,
  COALESCE(NULLIF(CAST(GET_PATH(u1.VALUE, 'brand') AS VARCHAR), ''), NULLIF(CAST(GET_PATH(TRY_PARSE_JSON(CAST(e.properties AS VARCHAR)), 'brand') AS VARCHAR), '')) AS brand,
  COALESCE(NULLIF(CAST(GET_PATH(u1.VALUE, 'category') AS VARCHAR), ''), NULLIF(CAST(GET_PATH(TRY_PARSE_JSON(CAST(e.properties AS VARCHAR)), 'category') AS VARCHAR), '')) AS category,
  COALESCE(TRY_TO_DOUBLE(CAST(GET_PATH(u1.VALUE, 'price') AS VARCHAR)), TRY_TO_DOUBLE(CAST(GET_PATH(TRY_PARSE_JSON(CAST(e.properties AS VARCHAR)), 'price') AS VARCHAR))) AS price,
  COALESCE(TRY_TO_DOUBLE(CAST(GET_PATH(u1.VALUE, 'quantity') AS VARCHAR)), TRY_TO_DOUBLE(CAST(GET_PATH(TRY_PARSE_JSON(CAST(e.properties AS VARCHAR)), 'quantity') AS VARCHAR))) AS quantity
FROM events AS e
CROSS JOIN LATERAL FLATTEN(INPUT => GET_PATH(TRY_PARSE_JSON(CAST(e.properties AS VARCHAR)), 'products'), OUTER => TRUE) AS u1
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts
)
FILE_FORMAT = (TYPE = PARQUET) HEADER = TRUE OVERWRITE = TRUE;

-- segment-tables
ALTER SESSION SET TIMEZONE = 'UTC';
COPY INTO @YOUR_STAGE/brandswipe/events
FROM (
SELECT *
FROM (
SELECT
  NULLIF(CAST(e.user_id AS VARCHAR), '') AS customer_id,
  DATE_PART(EPOCH_SECOND, TRY_TO_TIMESTAMP_TZ(CAST(e.timestamp AS VARCHAR))) AS ts,
  CASE WHEN COALESCE(COALESCE(NULLIF(CAST(GET_PATH(u1.VALUE, 'product_id') AS VARCHAR), ''), NULLIF(CAST(e.product_id AS VARCHAR), '')), COALESCE(NULLIF(CAST(GET_PATH(u1.VALUE, 'brand') AS VARCHAR), ''), NULLIF(CAST(e.brand AS VARCHAR), ''))) IS NOT NULL THEN CASE CAST(e.event AS VARCHAR) WHEN 'product_viewed' THEN 'view' WHEN 'product_added_to_wishlist' THEN 'wishlist' WHEN 'product_added' THEN 'cart' WHEN 'order_completed' THEN 'purchase' WHEN 'order_refunded' THEN 'return' END END AS event,
  COALESCE(NULLIF(CAST(GET_PATH(u1.VALUE, 'product_id') AS VARCHAR), ''), NULLIF(CAST(e.product_id AS VARCHAR), '')) AS product_id,
  COALESCE(NULLIF(CAST(GET_PATH(u1.VALUE, 'brand') AS VARCHAR), ''), NULLIF(CAST(e.brand AS VARCHAR), '')) AS brand,
  COALESCE(NULLIF(CAST(GET_PATH(u1.VALUE, 'category') AS VARCHAR), ''), NULLIF(CAST(e.category AS VARCHAR), '')) AS category,
  COALESCE(TRY_TO_DOUBLE(CAST(GET_PATH(u1.VALUE, 'price') AS VARCHAR)), TRY_TO_DOUBLE(CAST(e.price AS VARCHAR))) AS price,
  COALESCE(TRY_TO_DOUBLE(CAST(GET_PATH(u1.VALUE, 'quantity') AS VARCHAR)), TRY_TO_DOUBLE(CAST(e.quantity AS VARCHAR))) AS quantity
FROM events AS e
CROSS JOIN LATERAL FLATTEN(INPUT => TRY_PARSE_JSON(CAST(e.products AS VARCHAR)), OUTER => TRUE) AS u1
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts
)
FILE_FORMAT = (TYPE = PARQUET) HEADER = TRUE OVERWRITE = TRUE;

-- snowplow
ALTER SESSION SET TIMEZONE = 'UTC';
COPY INTO @YOUR_STAGE/brandswipe/events
FROM (
SELECT *
FROM (
SELECT
  NULLIF(CAST(e.user_id AS VARCHAR), '') AS customer_id,
  COALESCE(DATE_PART(EPOCH_SECOND, TRY_TO_TIMESTAMP_TZ(CAST(e.derived_tstamp AS VARCHAR))), DATE_PART(EPOCH_SECOND, TRY_TO_TIMESTAMP_TZ(CAST(e.collector_tstamp AS VARCHAR)))) AS ts,
  CASE CAST(GET_PATH(TO_VARIANT(e.unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1), 'type') AS VARCHAR) WHEN 'product_view' THEN 'view' WHEN 'add_to_cart' THEN 'cart' WHEN 'transaction' THEN 'purchase' WHEN 'refund' THEN 'return' END AS event,
  NULLIF(CAST(GET_PATH(u1.VALUE, 'id') AS VARCHAR), '') AS product_id,
  NULLIF(CAST(GET_PATH(u1.VALUE, 'brand') AS VARCHAR), '') AS brand,
  NULLIF(CAST(GET_PATH(u1.VALUE, 'category') AS VARCHAR), '') AS category,
  TRY_TO_DOUBLE(CAST(GET_PATH(u1.VALUE, 'price') AS VARCHAR)) AS price,
  TRY_TO_DOUBLE(CAST(GET_PATH(u1.VALUE, 'list_price') AS VARCHAR)) AS list_price,
  TRY_TO_DOUBLE(CAST(GET_PATH(u1.VALUE, 'quantity') AS VARCHAR)) AS quantity
FROM atomic.events AS e
CROSS JOIN LATERAL FLATTEN(INPUT => TO_VARIANT(e.contexts_com_snowplowanalytics_snowplow_ecommerce_product_1)) AS u1
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts
)
FILE_FORMAT = (TYPE = PARQUET) HEADER = TRUE OVERWRITE = TRUE;

-- rectools
ALTER SESSION SET TIMEZONE = 'UTC';
COPY INTO @YOUR_STAGE/brandswipe/events
FROM (
SELECT *
FROM (
SELECT
  NULLIF(CAST(e.user_id AS VARCHAR), '') AS customer_id,
  DATE_PART(EPOCH_SECOND, TRY_TO_TIMESTAMP_TZ(CAST(e.datetime AS VARCHAR))) AS ts,
  CASE WHEN TRY_TO_DOUBLE(CAST(e.weight AS VARCHAR)) <= 0 THEN NULL ELSE 'purchase' END AS event,
  NULLIF(CAST(e.item_id AS VARCHAR), '') AS product_id
FROM interactions AS e
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts
)
FILE_FORMAT = (TYPE = PARQUET) HEADER = TRUE OVERWRITE = TRUE;

-- movielens
ALTER SESSION SET TIMEZONE = 'UTC';
COPY INTO @YOUR_STAGE/brandswipe/events
FROM (
SELECT *
FROM (
SELECT
  NULLIF(CAST(e.userId AS VARCHAR), '') AS customer_id,
  TRY_TO_NUMBER(CAST(e.timestamp AS VARCHAR)) AS ts,
  CASE WHEN TRY_TO_DOUBLE(CAST(e.rating AS VARCHAR)) >= 4 THEN 'purchase' WHEN TRY_TO_DOUBLE(CAST(e.rating AS VARCHAR)) >= 0 THEN 'view' END AS event,
  NULLIF(CAST(e.movieId AS VARCHAR), '') AS product_id
FROM ratings AS e
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts
)
FILE_FORMAT = (TYPE = PARQUET) HEADER = TRUE OVERWRITE = TRUE;
