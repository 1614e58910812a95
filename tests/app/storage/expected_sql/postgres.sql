-- ga4
-- PostgreSQL writes no Parquet: psql -q -f THIS.sql > events.csv
SET TimeZone = 'UTC';
SET enable_nestloop = off;
COPY (
SELECT *
FROM (
SELECT
  NULLIF(NULLIF(CAST(e."user_id" AS TEXT), ''), '(not set)') AS customer_id,
  FLOOR(CASE WHEN CAST(e."event_timestamp" AS TEXT) ~ '^-?[0-9]{1,18}$' THEN CAST(CAST(e."event_timestamp" AS TEXT) AS BIGINT) END / 1000000.0)::BIGINT AS ts,
  CASE CAST(e."event_name" AS TEXT) WHEN 'view_item' THEN 'view' WHEN 'add_to_wishlist' THEN 'wishlist' WHEN 'add_to_cart' THEN 'cart' WHEN 'purchase' THEN 'purchase' WHEN 'refund' THEN 'return' END AS event,
  NULLIF(NULLIF((u1.part1 #>> '{item_id}'), ''), '(not set)') AS product_id,
  NULLIF(NULLIF((u1.part1 #>> '{item_brand}'), ''), '(not set)') AS brand,
  COALESCE(NULLIF(NULLIF((u1.part1 #>> '{item_category2}'), ''), '(not set)'), NULLIF(NULLIF((u1.part1 #>> '{item_category}'), ''), '(not set)')) AS category,
  CASE WHEN (u1.part1 #>> '{price}') ~ '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?$' THEN CAST((u1.part1 #>> '{price}') AS FLOAT8) END AS price,
  CASE WHEN (u1.part1 #>> '{quantity}') ~ '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?$' THEN CAST((u1.part1 #>> '{quantity}') AS FLOAT8) END AS quantity
FROM events AS e
CROSS JOIN LATERAL JSONB_ARRAY_ELEMENTS(CASE JSONB_TYPEOF(CAST(e."items" AS JSONB)) WHEN 'array' THEN CAST(e."items" AS JSONB) END) AS u1(part1)
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts
) TO STDOUT (FORMAT csv, HEADER);

-- google-retail
-- PostgreSQL writes no Parquet: psql -q -f THIS.sql > events.csv
SET TimeZone = 'UTC';
SET enable_nestloop = off;
COPY (
SELECT *
FROM (
SELECT
  NULLIF((CAST(e."userInfo" AS JSONB) #>> '{userId}'), '') AS customer_id,
  CAST(FLOOR(EXTRACT(EPOCH FROM CASE WHEN CAST(e."eventTime" AS TEXT) ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}' THEN CAST(CAST(e."eventTime" AS TEXT) AS TIMESTAMPTZ) END)) AS BIGINT) AS ts,
  CASE CAST(e."eventType" AS TEXT) WHEN 'detail-page-view' THEN 'view' WHEN 'add-to-cart' THEN 'cart' WHEN 'purchase-complete' THEN 'purchase' END AS event,
  NULLIF((u1.part1 #>> '{product,id}'), '') AS product_id,
  NULLIF((u2.part2 #>> '{}'), '') AS brand,
  NULLIF((u1.part1 #>> '{product,categories,0}'), '') AS category,
  CASE WHEN (u1.part1 #>> '{product,priceInfo,price}') ~ '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?$' THEN CAST((u1.part1 #>> '{product,priceInfo,price}') AS FLOAT8) END AS price,
  CASE WHEN (u1.part1 #>> '{product,priceInfo,originalPrice}') ~ '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?$' THEN CAST((u1.part1 #>> '{product,priceInfo,originalPrice}') AS FLOAT8) END AS list_price,
  CASE WHEN (u1.part1 #>> '{quantity}') ~ '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?$' THEN CAST((u1.part1 #>> '{quantity}') AS FLOAT8) END AS quantity
FROM events AS e
CROSS JOIN LATERAL JSONB_ARRAY_ELEMENTS(CASE JSONB_TYPEOF(CAST(e."productDetails" AS JSONB)) WHEN 'array' THEN CAST(e."productDetails" AS JSONB) END) AS u1(part1)
LEFT JOIN LATERAL JSONB_ARRAY_ELEMENTS(CASE JSONB_TYPEOF((u1.part1 #> '{product,brands}')) WHEN 'array' THEN (u1.part1 #> '{product,brands}') END) AS u2(part2) ON TRUE
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts
) TO STDOUT (FORMAT csv, HEADER);

-- segment
-- PostgreSQL writes no Parquet: psql -q -f THIS.sql > events.csv
SET TimeZone = 'UTC';
SET enable_nestloop = off;
COPY (
SELECT *
FROM (
SELECT
  NULLIF(CAST(e."userId" AS TEXT), '') AS customer_id,
  CAST(FLOOR(EXTRACT(EPOCH FROM CASE WHEN CAST(e."timestamp" AS TEXT) ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}' THEN CAST(CAST(e."timestamp" AS TEXT) AS TIMESTAMPTZ) END)) AS BIGINT) AS ts,
  CASE CAST(e."event" AS TEXT) WHEN 'Product Viewed' THEN 'view' WHEN 'Product Added to Wishlist' THEN 'wishlist' WHEN 'Product Added' THEN 'cart' WHEN 'Order Completed' THEN 'purchase' WHEN 'Order Refunded' THEN 'return' END AS event,
  COALESCE(NULLIF((u1.part1 #>> '{product_id}'), ''), NULLIF((CAST(e."properties" AS JSONB) #>> '{product_id}'), '')) AS product_id,
  COALESCE(NULLIF((u1.part1 #>> '{brand}'), ''), NULLIF((CAST(e."properties" AS JSONB) #>> '{brand}'), '')) AS brand,
  COALESCE(NULLIF((u1.part1 #>> '{category}'), ''), NULLIF((CAST(e."properties" AS JSONB) #>> '{category}'), '')) AS category,
  COALESCE(CASE WHEN (u1.part1 #>> '{price}') ~ '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?$' THEN CAST((u1.part1 #>> '{price}') AS FLOAT8) END, CASE WHEN (CAST(e."properties" AS JSONB) #>> '{price}') ~ '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?$' THEN CAST((CAST(e."properties" AS JSONB) #>> '{price}') AS FLOAT8) END) AS price,
  COALESCE(CASE WHEN (u1.part1 #>> '{quantity}') ~ '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?$' THEN CAST((u1.part1 #>> '{quantity}') AS FLOAT8) END, CASE WHEN (CAST(e."properties" AS JSONB) #>> '{quantity}') ~ '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?$' THEN CAST((CAST(e."properties" AS JSONB) #>> '{quantity}') AS FLOAT8) END) AS quantity
FROM events AS e
LEFT JOIN LATERAL JSONB_ARRAY_ELEMENTS(CASE JSONB_TYPEOF((CAST(e."properties" AS JSONB) #> '{products}')) WHEN 'array' THEN (CAST(e."properties" AS JSONB) #> '{products}') END) AS u1(part1) ON TRUE
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts
) TO STDOUT (FORMAT csv, HEADER);

-- segment-tables
-- PostgreSQL writes no Parquet: psql -q -f THIS.sql > events.csv
SET TimeZone = 'UTC';
SET enable_nestloop = off;
COPY (
SELECT *
FROM (
SELECT
  NULLIF(CAST(e."user_id" AS TEXT), '') AS customer_id,
  CAST(FLOOR(EXTRACT(EPOCH FROM CASE WHEN CAST(e."timestamp" AS TEXT) ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}' THEN CAST(CAST(e."timestamp" AS TEXT) AS TIMESTAMPTZ) END)) AS BIGINT) AS ts,
  CASE WHEN COALESCE(COALESCE(NULLIF((u1.part1 #>> '{product_id}'), ''), NULLIF(CAST(e."product_id" AS TEXT), '')), COALESCE(NULLIF((u1.part1 #>> '{brand}'), ''), NULLIF(CAST(e."brand" AS TEXT), ''))) IS NOT NULL THEN CASE CAST(e."event" AS TEXT) WHEN 'product_viewed' THEN 'view' WHEN 'product_added_to_wishlist' THEN 'wishlist' WHEN 'product_added' THEN 'cart' WHEN 'order_completed' THEN 'purchase' WHEN 'order_refunded' THEN 'return' END END AS event,
  COALESCE(NULLIF((u1.part1 #>> '{product_id}'), ''), NULLIF(CAST(e."product_id" AS TEXT), '')) AS product_id,
  COALESCE(NULLIF((u1.part1 #>> '{brand}'), ''), NULLIF(CAST(e."brand" AS TEXT), '')) AS brand,
  COALESCE(NULLIF((u1.part1 #>> '{category}'), ''), NULLIF(CAST(e."category" AS TEXT), '')) AS category,
  COALESCE(CASE WHEN (u1.part1 #>> '{price}') ~ '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?$' THEN CAST((u1.part1 #>> '{price}') AS FLOAT8) END, CASE WHEN CAST(e."price" AS TEXT) ~ '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?$' THEN CAST(CAST(e."price" AS TEXT) AS FLOAT8) END) AS price,
  COALESCE(CASE WHEN (u1.part1 #>> '{quantity}') ~ '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?$' THEN CAST((u1.part1 #>> '{quantity}') AS FLOAT8) END, CASE WHEN CAST(e."quantity" AS TEXT) ~ '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?$' THEN CAST(CAST(e."quantity" AS TEXT) AS FLOAT8) END) AS quantity
FROM events AS e
LEFT JOIN LATERAL JSONB_ARRAY_ELEMENTS(CASE JSONB_TYPEOF(CAST(e."products" AS JSONB)) WHEN 'array' THEN CAST(e."products" AS JSONB) END) AS u1(part1) ON TRUE
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts
) TO STDOUT (FORMAT csv, HEADER);

-- rectools
-- PostgreSQL writes no Parquet: psql -q -f THIS.sql > events.csv
SET TimeZone = 'UTC';
SET enable_nestloop = off;
COPY (
SELECT *
FROM (
SELECT
  NULLIF(CAST(e."user_id" AS TEXT), '') AS customer_id,
  CAST(FLOOR(EXTRACT(EPOCH FROM CASE WHEN CAST(e."datetime" AS TEXT) ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}' THEN CAST(CAST(e."datetime" AS TEXT) AS TIMESTAMPTZ) END)) AS BIGINT) AS ts,
  CASE WHEN CASE WHEN CAST(e."weight" AS TEXT) ~ '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?$' THEN CAST(CAST(e."weight" AS TEXT) AS FLOAT8) END <= 0 THEN NULL ELSE 'purchase' END AS event,
  NULLIF(CAST(e."item_id" AS TEXT), '') AS product_id
FROM interactions AS e
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts
) TO STDOUT (FORMAT csv, HEADER);

-- movielens
-- PostgreSQL writes no Parquet: psql -q -f THIS.sql > events.csv
SET TimeZone = 'UTC';
SET enable_nestloop = off;
COPY (
SELECT *
FROM (
SELECT
  NULLIF(CAST(e."userId" AS TEXT), '') AS customer_id,
  CASE WHEN CAST(e."timestamp" AS TEXT) ~ '^-?[0-9]{1,18}$' THEN CAST(CAST(e."timestamp" AS TEXT) AS BIGINT) END AS ts,
  CASE WHEN CASE WHEN CAST(e."rating" AS TEXT) ~ '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?$' THEN CAST(CAST(e."rating" AS TEXT) AS FLOAT8) END >= 4 THEN 'purchase' WHEN CASE WHEN CAST(e."rating" AS TEXT) ~ '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?$' THEN CAST(CAST(e."rating" AS TEXT) AS FLOAT8) END >= 0 THEN 'view' END AS event,
  NULLIF(CAST(e."movieId" AS TEXT), '') AS product_id
FROM ratings AS e
) AS canonical
WHERE customer_id IS NOT NULL AND event IS NOT NULL
ORDER BY customer_id, ts
) TO STDOUT (FORMAT csv, HEADER);
