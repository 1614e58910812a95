-- ga4
SET spark.sql.session.timeZone = UTC;
INSERT OVERWRITE DIRECTORY 'brandswipe-events' USING PARQUET
SELECT *
FROM (
SELECT
  NULLIF(NULLIF(CAST(e.`user_id` AS STRING), ''), '(not set)') AS customer_id,
  CAST(FLOOR(TRY_CAST(CAST(e.`event_timestamp` AS STRING) AS BIGINT) / 1000000) AS BIGINT) AS ts,
  CASE CAST(e.`event_name` AS STRING) WHEN 'view_item' THEN 'view' WHEN 'add_to_wishlist' THEN 'wishlist' WHEN 'add_to_cart' THEN 'cart' WHEN 'purchase' THEN 'purchase' WHEN 'refund' THEN 'return' END AS event,
  NULLIF(NULLIF(GET_JSON_OBJECT(u1.part1, '$.item_id'), ''), '(not set)') AS product_id,
  NULLIF(NULLIF(GET_JSON_OBJECT(u1.part1, '$.item_brand'), ''), '(not set)') AS brand,
  COALESCE(NULLIF(NULLIF(GET_JSON_OBJECT(u1.part1, '$.item_category2'), ''), '(not set)'), NULLIF(NULLIF(GET_JSON_OBJECT(u1.part1, '$.item_category'), ''), '(not set)')) AS category,
  TRY_CAST(GET_JSON_OBJECT(u1.part1, '$.price') AS DOUBLE) AS price,
  TRY_CAST(GET_JSON_OBJECT(u1.part1, '$.quantity') AS DOUBLE) AS quantity
FROM events AS e
LATERAL VIEW EXPLODE(FROM_JSON(TO_JSON(e.`items`), 'array<string>')) u1 AS part1
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts;

-- google-retail
SET spark.sql.session.timeZone = UTC;
INSERT OVERWRITE DIRECTORY 'brandswipe-events' USING PARQUET
SELECT *
FROM (
SELECT
  NULLIF(GET_JSON_OBJECT(TO_JSON(e.`userInfo`), '$.userId'), '') AS customer_id,
  UNIX_SECONDS(TRY_CAST(CAST(e.`eventTime` AS STRING) AS TIMESTAMP)) AS ts,
  CASE CAST(e.`eventType` AS STRING) WHEN 'detail-page-view' THEN 'view' WHEN 'add-to-cart' THEN 'cart' WHEN 'purchase-complete' THEN 'purchase' END AS event,
  NULLIF(GET_JSON_OBJECT(u1.part1, '$.product.id'), '') AS product_id,
  NULLIF(u2.part2, '') AS brand,
  NULLIF(GET_JSON_OBJECT(u1.part1, '$.product.categories[0]'), '') AS category,
  TRY_CAST(GET_JSON_OBJECT(u1.part1, '$.product.priceInfo.price') AS DOUBLE) AS price,
  TRY_CAST(GET_JSON_OBJECT(u1.part1, '$.product.priceInfo.originalPrice') AS DOUBLE) AS list_price,
  TRY_CAST(GET_JSON_OBJECT(u1.part1, '$.quantity') AS DOUBLE) AS quantity
FROM events AS e
LATERAL VIEW EXPLODE(FROM_JSON(TO_JSON(e.`productDetails`), 'array<string>')) u1 AS part1
LATERAL VIEW OUTER EXPLODE(FROM_JSON(GET_JSON_OBJECT(u1.part1, '$.product.brands'), 'array<string>')) u2 AS part2
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts;

-- segment
SET spark.sql.session.timeZone = UTC;
INSERT OVERWRITE DIRECTORY 'brandswipe-events' USING PARQUET
SELECT *
FROM (
SELECT
  NULLIF(CAST(e.`userId` AS STRING), '') AS customer_id,
  UNIX_SECONDS(TRY_CAST(CAST(e.`timestamp` AS STRING) AS TIMESTAMP)) AS ts,
  CASE CAST(e.`event` AS STRING) WHEN 'Product Viewed' THEN 'view' WHEN 'Product Added to Wishlist' THEN 'wishlist' WHEN 'Product Added' THEN 'cart' WHEN 'Order Completed' THEN 'purchase' WHEN 'Order Refunded' THEN 'return' END AS event,
  COALESCE(NULLIF(GET_JSON_OBJECT(u1.part1, '$.product_id'), ''), NULLIF(GET_JSON_OBJECT(CAST(e.`properties` AS STRING), '$.product_id'), '')) AS product_id,
  COALESCE(NULLIF(GET_JSON_OBJECT(u1.part1, '$.brand'), ''), NULLIF(GET_JSON_OBJECT(CAST(e.`properties` AS STRING), '$.brand'), '')) AS brand,
  COALESCE(NULLIF(GET_JSON_OBJECT(u1.part1, '$.category'), ''), NULLIF(GET_JSON_OBJECT(CAST(e.`properties` AS STRING), '$.category'), '')) AS category,
  COALESCE(TRY_CAST(GET_JSON_OBJECT(u1.part1, '$.price') AS DOUBLE), TRY_CAST(GET_JSON_OBJECT(CAST(e.`properties` AS STRING), '$.price') AS DOUBLE)) AS price,
  COALESCE(TRY_CAST(GET_JSON_OBJECT(u1.part1, '$.quantity') AS DOUBLE), TRY_CAST(GET_JSON_OBJECT(CAST(e.`properties` AS STRING), '$.quantity') AS DOUBLE)) AS quantity
FROM events AS e
LATERAL VIEW OUTER EXPLODE(FROM_JSON(GET_JSON_OBJECT(CAST(e.`properties` AS STRING), '$.products'), 'array<string>')) u1 AS part1
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts;

-- segment-tables
SET spark.sql.session.timeZone = UTC;
INSERT OVERWRITE DIRECTORY 'brandswipe-events' USING PARQUET
SELECT *
FROM (
SELECT
  NULLIF(CAST(e.`user_id` AS STRING), '') AS customer_id,
  UNIX_SECONDS(TRY_CAST(CAST(e.`timestamp` AS STRING) AS TIMESTAMP)) AS ts,
  CASE WHEN COALESCE(COALESCE(NULLIF(GET_JSON_OBJECT(u1.part1, '$.product_id'), ''), NULLIF(CAST(e.`product_id` AS STRING), '')), COALESCE(NULLIF(GET_JSON_OBJECT(u1.part1, '$.brand'), ''), NULLIF(CAST(e.`brand` AS STRING), ''))) IS NOT NULL THEN CASE CAST(e.`event` AS STRING) WHEN 'product_viewed' THEN 'view' WHEN 'product_added_to_wishlist' THEN 'wishlist' WHEN 'product_added' THEN 'cart' WHEN 'order_completed' THEN 'purchase' WHEN 'order_refunded' THEN 'return' END END AS event,
  COALESCE(NULLIF(GET_JSON_OBJECT(u1.part1, '$.product_id'), ''), NULLIF(CAST(e.`product_id` AS STRING), '')) AS product_id,
  COALESCE(NULLIF(GET_JSON_OBJECT(u1.part1, '$.brand'), ''), NULLIF(CAST(e.`brand` AS STRING), '')) AS brand,
  COALESCE(NULLIF(GET_JSON_OBJECT(u1.part1, '$.category'), ''), NULLIF(CAST(e.`category` AS STRING), '')) AS category,
  COALESCE(TRY_CAST(GET_JSON_OBJECT(u1.part1, '$.price') AS DOUBLE), TRY_CAST(CAST(e.`price` AS STRING) AS DOUBLE)) AS price,
  COALESCE(TRY_CAST(GET_JSON_OBJECT(u1.part1, '$.quantity') AS DOUBLE), TRY_CAST(CAST(e.`quantity` AS STRING) AS DOUBLE)) AS quantity
FROM events AS e
LATERAL VIEW OUTER EXPLODE(FROM_JSON(CAST(e.`products` AS STRING), 'array<string>')) u1 AS part1
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts;

-- snowplow
SET spark.sql.session.timeZone = UTC;
INSERT OVERWRITE DIRECTORY 'brandswipe-events' USING PARQUET
SELECT *
FROM (
SELECT
  NULLIF(CAST(e.`user_id` AS STRING), '') AS customer_id,
  COALESCE(UNIX_SECONDS(TRY_CAST(CAST(e.`derived_tstamp` AS STRING) AS TIMESTAMP)), UNIX_SECONDS(TRY_CAST(CAST(e.`collector_tstamp` AS STRING) AS TIMESTAMP))) AS ts,
  CASE GET_JSON_OBJECT(TO_JSON(e.`unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1`), '$.type') WHEN 'product_view' THEN 'view' WHEN 'add_to_cart' THEN 'cart' WHEN 'transaction' THEN 'purchase' WHEN 'refund' THEN 'return' END AS event,
  NULLIF(GET_JSON_OBJECT(u1.part1, '$.id'), '') AS product_id,
  NULLIF(GET_JSON_OBJECT(u1.part1, '$.brand'), '') AS brand,
  NULLIF(GET_JSON_OBJECT(u1.part1, '$.category'), '') AS category,
  TRY_CAST(GET_JSON_OBJECT(u1.part1, '$.price') AS DOUBLE) AS price,
  TRY_CAST(GET_JSON_OBJECT(u1.part1, '$.list_price') AS DOUBLE) AS list_price,
  TRY_CAST(GET_JSON_OBJECT(u1.part1, '$.quantity') AS DOUBLE) AS quantity
FROM atomic.events AS e
LATERAL VIEW EXPLODE(FROM_JSON(TO_JSON(e.`contexts_com_snowplowanalytics_snowplow_ecommerce_product_1`), 'array<string>')) u1 AS part1
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts;

-- rectools
SET spark.sql.session.timeZone = UTC;
INSERT OVERWRITE DIRECTORY 'brandswipe-events' USING PARQUET
SELECT *
FROM (
SELECT
  NULLIF(CAST(e.`user_id` AS STRING), '') AS customer_id,
  UNIX_SECONDS(TRY_CAST(CAST(e.`datetime` AS STRING) AS TIMESTAMP)) AS ts,
  CASE WHEN TRY_CAST(CAST(e.`weight` AS STRING) AS DOUBLE) <= 0 THEN NULL ELSE 'purchase' END AS event,
  NULLIF(CAST(e.`item_id` AS STRING), '') AS product_id
FROM interactions AS e
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts;

-- movielens
SET spark.sql.session.timeZone = UTC;
INSERT OVERWRITE DIRECTORY 'brandswipe-events' USING PARQUET
SELECT *
FROM (
SELECT
  NULLIF(CAST(e.`userId` AS STRING), '') AS customer_id,
  TRY_CAST(CAST(e.`timestamp` AS STRING) AS BIGINT) AS ts,
  CASE WHEN TRY_CAST(CAST(e.`rating` AS STRING) AS DOUBLE) >= 4 THEN 'purchase' WHEN TRY_CAST(CAST(e.`rating` AS STRING) AS DOUBLE) >= 0 THEN 'view' END AS event,
  NULLIF(CAST(e.`movieId` AS STRING), '') AS product_id
FROM ratings AS e
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts;
