-- ga4
SET TimeZone = 'UTC';
COPY (
SELECT *
FROM (
SELECT
  NULLIF(NULLIF(CAST(e."user_id" AS VARCHAR), ''), '(not set)') AS customer_id,
  TRY_CAST(CAST(e."event_timestamp" AS VARCHAR) AS BIGINT) // 1000000 AS ts,
  CASE CAST(e."event_name" AS VARCHAR) WHEN 'view_item' THEN 'view' WHEN 'add_to_wishlist' THEN 'wishlist' WHEN 'add_to_cart' THEN 'cart' WHEN 'purchase' THEN 'purchase' WHEN 'refund' THEN 'return' END AS event,
  NULLIF(NULLIF(JSON_EXTRACT_STRING(u1.part1, '$.item_id'), ''), '(not set)') AS product_id,
  NULLIF(NULLIF(JSON_EXTRACT_STRING(u1.part1, '$.item_brand'), ''), '(not set)') AS brand,
  COALESCE(NULLIF(NULLIF(JSON_EXTRACT_STRING(u1.part1, '$.item_category2'), ''), '(not set)'), NULLIF(NULLIF(JSON_EXTRACT_STRING(u1.part1, '$.item_category'), ''), '(not set)')) AS category,
  TRY_CAST(JSON_EXTRACT_STRING(u1.part1, '$.price') AS DOUBLE) AS price,
  TRY_CAST(JSON_EXTRACT_STRING(u1.part1, '$.quantity') AS DOUBLE) AS quantity
FROM events AS e
CROSS JOIN UNNEST(CASE JSON_TYPE(TO_JSON(e."items")) WHEN 'ARRAY' THEN CAST(TO_JSON(e."items") AS JSON[]) END) AS u1(part1)
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts
) TO 'events.parquet' (FORMAT parquet);

-- google-retail
SET TimeZone = 'UTC';
COPY (
SELECT *
FROM (
SELECT
  NULLIF(JSON_EXTRACT_STRING(TO_JSON(e."userInfo"), '$.userId'), '') AS customer_id,
  CAST(FLOOR(EPOCH(TRY_CAST(CAST(e."eventTime" AS VARCHAR) AS TIMESTAMPTZ))) AS BIGINT) AS ts,
  CASE CAST(e."eventType" AS VARCHAR) WHEN 'detail-page-view' THEN 'view' WHEN 'add-to-cart' THEN 'cart' WHEN 'purchase-complete' THEN 'purchase' END AS event,
  NULLIF(JSON_EXTRACT_STRING(u1.part1, '$.product.id'), '') AS product_id,
  NULLIF(JSON_EXTRACT_STRING(u2.part2, '$'), '') AS brand,
  NULLIF(JSON_EXTRACT_STRING(u1.part1, '$.product.categories[0]'), '') AS category,
  TRY_CAST(JSON_EXTRACT_STRING(u1.part1, '$.product.priceInfo.price') AS DOUBLE) AS price,
  TRY_CAST(JSON_EXTRACT_STRING(u1.part1, '$.product.priceInfo.originalPrice') AS DOUBLE) AS list_price,
  TRY_CAST(JSON_EXTRACT_STRING(u1.part1, '$.quantity') AS DOUBLE) AS quantity
FROM events AS e
CROSS JOIN UNNEST(CASE JSON_TYPE(TO_JSON(e."productDetails")) WHEN 'ARRAY' THEN CAST(TO_JSON(e."productDetails") AS JSON[]) END) AS u1(part1)
LEFT JOIN UNNEST(CASE JSON_TYPE(JSON_EXTRACT(u1.part1, '$.product.brands')) WHEN 'ARRAY' THEN CAST(JSON_EXTRACT(u1.part1, '$.product.brands') AS JSON[]) END) AS u2(part2) ON TRUE
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts
) TO 'events.parquet' (FORMAT parquet);

-- segment
SET TimeZone = 'UTC';
COPY (
SELECT *
FROM (
SELECT
  NULLIF(CAST(e."userId" AS VARCHAR), '') AS customer_id,
  CAST(FLOOR(EPOCH(TRY_CAST(CAST(e."timestamp" AS VARCHAR) AS TIMESTAMPTZ))) AS BIGINT) AS ts,
  CASE CAST(e."event" AS VARCHAR) WHEN 'Product Viewed' THEN 'view' WHEN 'Product Added to Wishlist' THEN 'wishlist' WHEN 'Product Added' THEN 'cart' WHEN 'Order Completed' THEN 'purchase' WHEN 'Order Refunded' THEN 'return' END AS event,
  COALESCE(NULLIF(JSON_EXTRACT_STRING(u1.part1, '$.product_id'), ''), NULLIF(JSON_EXTRACT_STRING(TRY_CAST(e."properties" AS JSON), '$.product_id'), '')) AS product_id,
  COALESCE(NULLIF(JSON_EXTRACT_STRING(u1.part1, '$.brand'), ''), NULLIF(JSON_EXTRACT_STRING(TRY_CAST(e."properties" AS JSON), '$.brand'), '')) AS brand,
  COALESCE(NULLIF(JSON_EXTRACT_STRING(u1.part1, '$.category'), ''), NULLIF(JSON_EXTRACT_STRING(TRY_CAST(e."properties" AS JSON), '$.category'), '')) AS category,
  COALESCE(TRY_CAST(JSON_EXTRACT_STRING(u1.part1, '$.price') AS DOUBLE), TRY_CAST(JSON_EXTRACT_STRING(TRY_CAST(e."properties" AS JSON), '$.price') AS DOUBLE)) AS price,
  COALESCE(TRY_CAST(JSON_EXTRACT_STRING(u1.part1, '$.quantity') AS DOUBLE), TRY_CAST(JSON_EXTRACT_STRING(TRY_CAST(e."properties" AS JSON), '$.quantity') AS DOUBLE)) AS quantity
FROM events AS e
LEFT JOIN UNNEST(CASE JSON_TYPE(JSON_EXTRACT(TRY_CAST(e."properties" AS JSON), '$.products')) WHEN 'ARRAY' THEN CAST(JSON_EXTRACT(TRY_CAST(e."properties" AS JSON), '$.products') AS JSON[]) END) AS u1(part1) ON TRUE
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts
) TO 'events.parquet' (FORMAT parquet);

-- segment-tables
SET TimeZone = 'UTC';
COPY (
SELECT *
FROM (
SELECT
  NULLIF(CAST(e."user_id" AS VARCHAR), '') AS customer_id,
  CAST(FLOOR(EPOCH(TRY_CAST(CAST(e."timestamp" AS VARCHAR) AS TIMESTAMPTZ))) AS BIGINT) AS ts,
  CASE WHEN COALESCE(COALESCE(NULLIF(JSON_EXTRACT_STRING(u1.part1, '$.product_id'), ''), NULLIF(CAST(e."product_id" AS VARCHAR), '')), COALESCE(NULLIF(JSON_EXTRACT_STRING(u1.part1, '$.brand'), ''), NULLIF(CAST(e."brand" AS VARCHAR), ''))) IS NOT NULL THEN CASE CAST(e."event" AS VARCHAR) WHEN 'product_viewed' THEN 'view' WHEN 'product_added_to_wishlist' THEN 'wishlist' WHEN 'product_added' THEN 'cart' WHEN 'order_completed' THEN 'purchase' WHEN 'order_refunded' THEN 'return' END END AS event,
  COALESCE(NULLIF(JSON_EXTRACT_STRING(u1.part1, '$.product_id'), ''), NULLIF(CAST(e."product_id" AS VARCHAR), '')) AS product_id,
  COALESCE(NULLIF(JSON_EXTRACT_STRING(u1.part1, '$.brand'), ''), NULLIF(CAST(e."brand" AS VARCHAR), '')) AS brand,
  COALESCE(NULLIF(JSON_EXTRACT_STRING(u1.part1, '$.category'), ''), NULLIF(CAST(e."category" AS VARCHAR), '')) AS category,
  COALESCE(TRY_CAST(JSON_EXTRACT_STRING(u1.part1, '$.price') AS DOUBLE), TRY_CAST(CAST(e."price" AS VARCHAR) AS DOUBLE)) AS price,
  COALESCE(TRY_CAST(JSON_EXTRACT_STRING(u1.part1, '$.quantity') AS DOUBLE), TRY_CAST(CAST(e."quantity" AS VARCHAR) AS DOUBLE)) AS quantity
FROM events AS e
LEFT JOIN UNNEST(CASE JSON_TYPE(TRY_CAST(e."products" AS JSON)) WHEN 'ARRAY' THEN CAST(TRY_CAST(e."products" AS JSON) AS JSON[]) END) AS u1(part1) ON TRUE
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts
) TO 'events.parquet' (FORMAT parquet);

-- snowplow
SET TimeZone = 'UTC';
COPY (
SELECT *
FROM (
SELECT
  NULLIF(CAST(e."user_id" AS VARCHAR), '') AS customer_id,
  COALESCE(CAST(FLOOR(EPOCH(TRY_CAST(CAST(e."derived_tstamp" AS VARCHAR) AS TIMESTAMPTZ))) AS BIGINT), CAST(FLOOR(EPOCH(TRY_CAST(CAST(e."collector_tstamp" AS VARCHAR) AS TIMESTAMPTZ))) AS BIGINT)) AS ts,
  CASE JSON_EXTRACT_STRING(TO_JSON(e."unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1"), '$.type') WHEN 'product_view' THEN 'view' WHEN 'add_to_cart' THEN 'cart' WHEN 'transaction' THEN 'purchase' WHEN 'refund' THEN 'return' END AS event,
  NULLIF(JSON_EXTRACT_STRING(u1.part1, '$.id'), '') AS product_id,
  NULLIF(JSON_EXTRACT_STRING(u1.part1, '$.brand'), '') AS brand,
  NULLIF(JSON_EXTRACT_STRING(u1.part1, '$.category'), '') AS category,
  TRY_CAST(JSON_EXTRACT_STRING(u1.part1, '$.price') AS DOUBLE) AS price,
  TRY_CAST(JSON_EXTRACT_STRING(u1.part1, '$.list_price') AS DOUBLE) AS list_price,
  TRY_CAST(JSON_EXTRACT_STRING(u1.part1, '$.quantity') AS DOUBLE) AS quantity
FROM atomic.events AS e
CROSS JOIN UNNEST(CASE JSON_TYPE(TO_JSON(e."contexts_com_snowplowanalytics_snowplow_ecommerce_product_1")) WHEN 'ARRAY' THEN CAST(TO_JSON(e."contexts_com_snowplowanalytics_snowplow_ecommerce_product_1") AS JSON[]) END) AS u1(part1)
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts
) TO 'events.parquet' (FORMAT parquet);

-- rectools
SET TimeZone = 'UTC';
COPY (
SELECT *
FROM (
SELECT
  NULLIF(CAST(e."user_id" AS VARCHAR), '') AS customer_id,
  CAST(FLOOR(EPOCH(TRY_CAST(CAST(e."datetime" AS VARCHAR) AS TIMESTAMPTZ))) AS BIGINT) AS ts,
  CASE WHEN TRY_CAST(CAST(e."weight" AS VARCHAR) AS DOUBLE) <= 0 THEN NULL ELSE 'purchase' END AS event,
  NULLIF(CAST(e."item_id" AS VARCHAR), '') AS product_id
FROM interactions AS e
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts
) TO 'events.parquet' (FORMAT parquet);

-- movielens
SET TimeZone = 'UTC';
COPY (
SELECT *
FROM (
SELECT
  NULLIF(CAST(e."userId" AS VARCHAR), '') AS customer_id,
  TRY_CAST(CAST(e."timestamp" AS VARCHAR) AS BIGINT) AS ts,
  CASE WHEN TRY_CAST(CAST(e."rating" AS VARCHAR) AS DOUBLE) >= 4 THEN 'purchase' WHEN TRY_CAST(CAST(e."rating" AS VARCHAR) AS DOUBLE) >= 0 THEN 'view' END AS event,
  NULLIF(CAST(e."movieId" AS VARCHAR), '') AS product_id
FROM ratings AS e
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts
) TO 'events.parquet' (FORMAT parquet);
