-- ga4
EXPORT DATA OPTIONS (
  uri = 'gs://YOUR-BUCKET/brandswipe/events-*.parquet',
  format = 'PARQUET', overwrite = true
) AS
SELECT *
FROM (
SELECT
  NULLIF(NULLIF(CAST(e.`user_id` AS STRING), ''), '(not set)') AS customer_id,
  CAST(FLOOR(SAFE_CAST(CAST(e.`event_timestamp` AS STRING) AS INT64) / 1000000) AS INT64) AS ts,
  CASE CAST(e.`event_name` AS STRING) WHEN 'view_item' THEN 'view' WHEN 'add_to_wishlist' THEN 'wishlist' WHEN 'add_to_cart' THEN 'cart' WHEN 'purchase' THEN 'purchase' WHEN 'refund' THEN 'return' END AS event,
  NULLIF(NULLIF(JSON_VALUE(part1, '$.item_id'), ''), '(not set)') AS product_id,
  NULLIF(NULLIF(JSON_VALUE(part1, '$.item_brand'), ''), '(not set)') AS brand,
  COALESCE(NULLIF(NULLIF(JSON_VALUE(part1, '$.item_category2'), ''), '(not set)'), NULLIF(NULLIF(JSON_VALUE(part1, '$.item_category'), ''), '(not set)')) AS category,
  SAFE_CAST(JSON_VALUE(part1, '$.price') AS FLOAT64) AS price,
  SAFE_CAST(JSON_VALUE(part1, '$.quantity') AS FLOAT64) AS quantity
FROM `YOUR-PROJECT.analytics_123456.events_*` AS e
CROSS JOIN UNNEST(JSON_QUERY_ARRAY(TO_JSON(e.`items`))) AS part1
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts;

-- google-retail
EXPORT DATA OPTIONS (
  uri = 'gs://YOUR-BUCKET/brandswipe/events-*.parquet',
  format = 'PARQUET', overwrite = true
) AS
SELECT *
FROM (
SELECT
  NULLIF(JSON_VALUE(TO_JSON(e.`userInfo`), '$.userId'), '') AS customer_id,
  UNIX_SECONDS(SAFE_CAST(CAST(e.`eventTime` AS STRING) AS TIMESTAMP)) AS ts,
  CASE CAST(e.`eventType` AS STRING) WHEN 'detail-page-view' THEN 'view' WHEN 'add-to-cart' THEN 'cart' WHEN 'purchase-complete' THEN 'purchase' END AS event,
  NULLIF(JSON_VALUE(part1, '$.product.id'), '') AS product_id,
  NULLIF(JSON_VALUE(part2, '$'), '') AS brand,
  NULLIF(JSON_VALUE(part1, '$.product.categories[0]'), '') AS category,
  SAFE_CAST(JSON_VALUE(part1, '$.product.priceInfo.price') AS FLOAT64) AS price,
  SAFE_CAST(JSON_VALUE(part1, '$.product.priceInfo.originalPrice') AS FLOAT64) AS list_price,
  SAFE_CAST(JSON_VALUE(part1, '$.quantity') AS FLOAT64) AS quantity
FROM events AS e
CROSS JOIN UNNEST(JSON_QUERY_ARRAY(TO_JSON(e.`productDetails`))) AS part1
LEFT JOIN UNNEST(JSON_QUERY_ARRAY(JSON_QUERY(part1, '$.product.brands'))) AS part2
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts;

-- segment
EXPORT DATA OPTIONS (
  uri = 'gs://YOUR-BUCKET/brandswipe/events-*.parquet',
  format = 'PARQUET', overwrite = true
) AS
SELECT *
FROM (
SELECT
  NULLIF(CAST(e.`userId` AS STRING), '') AS customer_id,
  UNIX_SECONDS(SAFE_CAST(CAST(e.`timestamp` AS STRING) AS TIMESTAMP)) AS ts,
  CASE CAST(e.`event` AS STRING) WHEN 'Product Viewed' THEN 'view' WHEN 'Product Added to Wishlist' THEN 'wishlist' WHEN 'Product Added' THEN 'cart' WHEN 'Order Completed' THEN 'purchase' WHEN 'Order Refunded' THEN 'return' END AS event,
  COALESCE(NULLIF(JSON_VALUE(part1, '$.product_id'), ''), NULLIF(JSON_VALUE(SAFE.PARSE_JSON(e.`properties`), '$.product_id'), '')) AS product_id,
  COALESCE(NULLIF(JSON_VALUE(part1, '$.brand'), ''), NULLIF(JSON_VALUE(SAFE.PARSE_JSON(e.`properties`), '$.brand'), '')) AS brand,
  COALESCE(NULLIF(JSON_VALUE(part1, '$.category'), ''), NULLIF(JSON_VALUE(SAFE.PARSE_JSON(e.`properties`), '$.category'), '')) AS category,
  COALESCE(SAFE_CAST(JSON_VALUE(part1, '$.price') AS FLOAT64), SAFE_CAST(JSON_VALUE(SAFE.PARSE_JSON(e.`properties`), '$.price') AS FLOAT64)) AS price,
  COALESCE(SAFE_CAST(JSON_VALUE(part1, '$.quantity') AS FLOAT64), SAFE_CAST(JSON_VALUE(SAFE.PARSE_JSON(e.`properties`), '$.quantity') AS FLOAT64)) AS quantity
FROM events AS e
LEFT JOIN UNNEST(JSON_QUERY_ARRAY(JSON_QUERY(SAFE.PARSE_JSON(e.`properties`), '$.products'))) AS part1
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts;

-- segment-tables
EXPORT DATA OPTIONS (
  uri = 'gs://YOUR-BUCKET/brandswipe/events-*.parquet',
  format = 'PARQUET', overwrite = true
) AS
SELECT *
FROM (
SELECT
  NULLIF(CAST(e.`user_id` AS STRING), '') AS customer_id,
  UNIX_SECONDS(SAFE_CAST(CAST(e.`timestamp` AS STRING) AS TIMESTAMP)) AS ts,
  CASE WHEN COALESCE(COALESCE(NULLIF(JSON_VALUE(part1, '$.product_id'), ''), NULLIF(CAST(e.`product_id` AS STRING), '')), COALESCE(NULLIF(JSON_VALUE(part1, '$.brand'), ''), NULLIF(CAST(e.`brand` AS STRING), ''))) IS NOT NULL THEN CASE CAST(e.`event` AS STRING) WHEN 'product_viewed' THEN 'view' WHEN 'product_added_to_wishlist' THEN 'wishlist' WHEN 'product_added' THEN 'cart' WHEN 'order_completed' THEN 'purchase' WHEN 'order_refunded' THEN 'return' END END AS event,
  COALESCE(NULLIF(JSON_VALUE(part1, '$.product_id'), ''), NULLIF(CAST(e.`product_id` AS STRING), '')) AS product_id,
  COALESCE(NULLIF(JSON_VALUE(part1, '$.brand'), ''), NULLIF(CAST(e.`brand` AS STRING), '')) AS brand,
  COALESCE(NULLIF(JSON_VALUE(part1, '$.category'), ''), NULLIF(CAST(e.`category` AS STRING), '')) AS category,
  COALESCE(SAFE_CAST(JSON_VALUE(part1, '$.price') AS FLOAT64), SAFE_CAST(CAST(e.`price` AS STRING) AS FLOAT64)) AS price,
  COALESCE(SAFE_CAST(JSON_VALUE(part1, '$.quantity') AS FLOAT64), SAFE_CAST(CAST(e.`quantity` AS STRING) AS FLOAT64)) AS quantity
FROM events AS e
LEFT JOIN UNNEST(JSON_QUERY_ARRAY(SAFE.PARSE_JSON(e.`products`))) AS part1
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts;

-- snowplow
EXPORT DATA OPTIONS (
  uri = 'gs://YOUR-BUCKET/brandswipe/events-*.parquet',
  format = 'PARQUET', overwrite = true
) AS
SELECT *
FROM (
SELECT
  NULLIF(CAST(e.`user_id` AS STRING), '') AS customer_id,
  COALESCE(UNIX_SECONDS(SAFE_CAST(CAST(e.`derived_tstamp` AS STRING) AS TIMESTAMP)), UNIX_SECONDS(SAFE_CAST(CAST(e.`collector_tstamp` AS STRING) AS TIMESTAMP))) AS ts,
  CASE JSON_VALUE(TO_JSON(e.`unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1`), '$.type') WHEN 'product_view' THEN 'view' WHEN 'add_to_cart' THEN 'cart' WHEN 'transaction' THEN 'purchase' WHEN 'refund' THEN 'return' END AS event,
  NULLIF(JSON_VALUE(part1, '$.id'), '') AS product_id,
  NULLIF(JSON_VALUE(part1, '$.brand'), '') AS brand,
  NULLIF(JSON_VALUE(part1, '$.category'), '') AS category,
  SAFE_CAST(JSON_VALUE(part1, '$.price') AS FLOAT64) AS price,
  SAFE_CAST(JSON_VALUE(part1, '$.list_price') AS FLOAT64) AS list_price,
  SAFE_CAST(JSON_VALUE(part1, '$.quantity') AS FLOAT64) AS quantity
FROM atomic.events AS e
CROSS JOIN UNNEST(JSON_QUERY_ARRAY(TO_JSON(e.`contexts_com_snowplowanalytics_snowplow_ecommerce_product_1`))) AS part1
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts;

-- rectools
EXPORT DATA OPTIONS (
  uri = 'gs://YOUR-BUCKET/brandswipe/events-*.parquet',
  format = 'PARQUET', overwrite = true
) AS
SELECT *
FROM (
SELECT
  NULLIF(CAST(e.`user_id` AS STRING), '') AS customer_id,
  UNIX_SECONDS(SAFE_CAST(CAST(e.`datetime` AS STRING) AS TIMESTAMP)) AS ts,
  CASE WHEN SAFE_CAST(CAST(e.`weight` AS STRING) AS FLOAT64) <= 0 THEN NULL ELSE 'purchase' END AS event,
  NULLIF(CAST(e.`item_id` AS STRING), '') AS product_id
FROM interactions AS e
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts;

-- movielens
EXPORT DATA OPTIONS (
  uri = 'gs://YOUR-BUCKET/brandswipe/events-*.parquet',
  format = 'PARQUET', overwrite = true
) AS
SELECT *
FROM (
SELECT
  NULLIF(CAST(e.`userId` AS STRING), '') AS customer_id,
  SAFE_CAST(CAST(e.`timestamp` AS STRING) AS INT64) AS ts,
  CASE WHEN SAFE_CAST(CAST(e.`rating` AS STRING) AS FLOAT64) >= 4 THEN 'purchase' WHEN SAFE_CAST(CAST(e.`rating` AS STRING) AS FLOAT64) >= 0 THEN 'view' END AS event,
  NULLIF(CAST(e.`movieId` AS STRING), '') AS product_id
FROM ratings AS e
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts;
