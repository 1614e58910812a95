SET TimeZone = 'UTC';
COPY (
WITH told AS (
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
),
kinds AS (
SELECT t.*, CASE REPLACE(REPLACE(LOWER(t.event), ' ', '_'), '-', '_') WHEN 'view' THEN 0 WHEN 'wishlist' THEN 1 WHEN 'follow' THEN 2 WHEN 'cart' THEN 3 WHEN 'purchase' THEN 4 WHEN 'return' THEN 5 WHEN 'click' THEN 0 WHEN 'page_view' THEN 0 WHEN 'add_to_wishlist' THEN 1 WHEN 'addtocart' THEN 3 WHEN 'add_to_cart' THEN 3 WHEN 'buy' THEN 4 WHEN 'order' THEN 4 WHEN 'transaction' THEN 4 WHEN 'refund' THEN 5 END AS kind FROM told AS t
),
shelf AS (
SELECT TRIM(CAST(e."product_id" AS VARCHAR)) AS product, MAX(CASE WHEN NULLIF(LOWER(TRIM(CAST(e."brand" AS VARCHAR))), '') IN ('geen', 'geen merk', 'generic', 'merkloos', 'n.a.', 'n.v.t.', 'n/a', 'na', 'nan', 'no brand', 'no-brand', 'nobrand', 'none', 'null', 'nvt', 'onbekend', 'unbranded', 'unknown') THEN '' ELSE NULLIF(LOWER(TRIM(CAST(e."brand" AS VARCHAR))), '') END) AS brand, MAX(NULLIF(TRIM(CAST(e."category" AS VARCHAR)), '')) AS category, MAX(CAST(FLOOR(CAST(COALESCE(CASE WHEN TRY_CAST(CAST(e."list_price" AS VARCHAR) AS DOUBLE) >= 0 AND TRY_CAST(CAST(e."list_price" AS VARCHAR) AS DOUBLE) * 100 <= 2147483647 THEN TRY_CAST(CAST(e."list_price" AS VARCHAR) AS DOUBLE) END, CASE WHEN TRY_CAST(CAST(e."price" AS VARCHAR) AS DOUBLE) >= 0 AND TRY_CAST(CAST(e."price" AS VARCHAR) AS DOUBLE) * 100 <= 2147483647 THEN TRY_CAST(CAST(e."price" AS VARCHAR) AS DOUBLE) END) AS DOUBLE) * 100 + 0.5) AS BIGINT)) AS price, MAX(COALESCE(TRY_CAST(CAST(e."release_date" AS VARCHAR) AS BIGINT), CAST(FLOOR(EPOCH(TRY_CAST(CAST(e."release_date" AS VARCHAR) AS TIMESTAMPTZ))) AS BIGINT))) AS released FROM products AS e GROUP BY 1
),
good AS (
SELECT TRIM(t.customer_id) AS customer, t.ts AS ts, t.kind AS kind,
  COALESCE(TRIM(t.product_id), '') AS product,
  COALESCE(s.brand, CASE WHEN NULLIF(LOWER(TRIM(t.brand)), '') IN ('geen', 'geen merk', 'generic', 'merkloos', 'n.a.', 'n.v.t.', 'n/a', 'na', 'nan', 'no brand', 'no-brand', 'nobrand', 'none', 'null', 'nvt', 'onbekend', 'unbranded', 'unknown') THEN '' ELSE NULLIF(LOWER(TRIM(t.brand)), '') END, '') AS brand,
  COALESCE(s.category, TRIM(t.category), '') AS category,
  CAST(FLOOR(CAST(t.price AS DOUBLE) * 100 + 0.5) AS BIGINT) AS price, CAST(FLOOR(CAST(TRY_CAST(CAST(NULL AS VARCHAR) AS DOUBLE) AS DOUBLE) * 100 + 0.5) AS BIGINT) AS list_price,
  CAST(LEAST(255, GREATEST(1, FLOOR(COALESCE(t.quantity, 1) + 0.5))) AS BIGINT) AS quantity, s.price AS shelf_price, s.released AS released
FROM kinds AS t LEFT JOIN shelf AS s ON s.product = TRIM(t.product_id)
WHERE TRIM(t.customer_id) <> '' AND t.kind IS NOT NULL
  AND t.ts BETWEEN 0 AND CAST(FLOOR(EPOCH(CURRENT_TIMESTAMP)) AS BIGINT) + 86400
  AND (t.price IS NULL OR t.price >= 0 AND t.price * 100 <= 2147483647)
  AND COALESCE(t.quantity, 1) >= 0 AND NOT (COALESCE(t.quantity, 1) = 0 AND t.kind IN (3, 4, 5))
),
items AS (
SELECT product, brand, category, CAST(COALESCE(MAX(shelf_price),
  CASE WHEN COUNT(paid) > 0 THEN FLOOR(CAST(SUM(paid) + FLOOR(COUNT(paid) / 2) AS DOUBLE) / COUNT(paid)) END, -1) AS BIGINT) AS listed,
  COALESCE(CASE WHEN MAX(released) BETWEEN 0 AND 4294967295 THEN MAX(released) ELSE 0 END, 0) AS released,
  ROW_NUMBER() OVER (ORDER BY product, brand, category) AS item
FROM (
  SELECT product, brand, category, COALESCE(list_price, price) AS paid, shelf_price, released
  FROM good
  UNION ALL
  SELECT product, COALESCE(brand, ''), COALESCE(category, ''), NULL, price, released FROM shelf
) AS named
GROUP BY product, brand, category
),
middle AS (
SELECT category, AVG(listed) AS median
FROM (
  SELECT category, listed, ROW_NUMBER() OVER (PARTITION BY category ORDER BY listed) AS place,
    COUNT(*) OVER (PARTITION BY category) AS many
  FROM items WHERE listed > 0
) AS ordered
WHERE 2 * place BETWEEN many AND many + 2
GROUP BY category
),
facts AS (
SELECT i.*, CASE WHEN i.listed > m.median THEN 1 ELSE 0 END AS dear
FROM items AS i LEFT JOIN middle AS m ON m.category = i.category
),
each_once AS (
SELECT DISTINCT customer, ts, kind, product, brand, category, price, list_price,
  quantity, (SELECT MAX(ts) FROM good) AS as_of
FROM good WHERE brand <> ''
),
aged AS (
SELECT g.*, f.item, f.dear, f.released, CAST(FLOOR(CAST(g.ts AS DOUBLE) / 86400) AS BIGINT) AS on_day,
  COALESCE(g.list_price, f.listed) AS listed,
  CAST(CEIL(1048576 * POWER(CAST(0.5 AS DOUBLE), FLOOR(CAST(g.as_of - g.ts AS DOUBLE) / 86400) / 30) - 0.5) AS BIGINT) AS left_30,
  CAST(CEIL(1048576 * POWER(CAST(0.5 AS DOUBLE), FLOOR(CAST(g.as_of - g.ts AS DOUBLE) / 86400) / 90) - 0.5) AS BIGINT) AS left_90,
  CAST(CEIL(1048576 * POWER(CAST(0.5 AS DOUBLE), FLOOR(CAST(g.as_of - g.ts AS DOUBLE) / 86400) / 365) - 0.5) AS BIGINT) AS left_365
FROM each_once AS g
JOIN facts AS f ON f.product = g.product AND f.brand = g.brand AND f.category = g.category
WHERE LOWER(g.category) NOT LIKE '%intimate%' AND LOWER(g.category) NOT LIKE '%medical%' AND LOWER(g.category) NOT LIKE '%religious%' AND LOWER(g.category) NOT LIKE '%political%' AND LOWER(g.category) NOT LIKE '%weapon%' AND LOWER(g.category) NOT LIKE '%slimming%'
)
SELECT customer AS customer_id, brand,
  MAX(as_of) AS as_of,
  MIN(ts) AS first_at,
  MAX(ts) AS last_at,
  CAST(SUM(CASE WHEN kind = 4 THEN 1 ELSE 0 END) AS BIGINT) AS purchases,
  CAST(SUM(CASE WHEN kind = 0 THEN 1 ELSE 0 END) AS BIGINT) AS views,
  CAST(SUM(CASE WHEN kind = 1 THEN 1 ELSE 0 END) AS BIGINT) AS wishlists,
  CAST(SUM(CASE WHEN kind = 2 THEN 1 ELSE 0 END) AS BIGINT) AS follows,
  CAST(SUM(CASE WHEN kind = 3 THEN 1 ELSE 0 END) AS BIGINT) AS carts,
  CAST(SUM(CASE WHEN kind = 5 THEN 1 ELSE 0 END) AS BIGINT) AS returns,
  CAST(SUM(CASE WHEN kind = 0 AND released > 0 AND ts - released BETWEEN 0 AND 2592000 THEN 1 ELSE 0 END) AS BIGINT) AS release_views,
  CAST(SUM(CASE WHEN kind = 4 AND price IS NOT NULL THEN price * quantity ELSE 0 END) AS BIGINT) AS spend,
  CAST(SUM(CASE WHEN kind = 4 AND price IS NOT NULL AND listed > 0 AND price * 100 >= listed * 98 THEN 1 ELSE 0 END) AS BIGINT) AS full_price,
  CAST(SUM(CASE WHEN kind = 4 AND dear = 1 THEN 1 ELSE 0 END) AS BIGINT) AS dear,
  CAST(SUM(CASE WHEN kind = 4 THEN left_30 ELSE 0 END) AS BIGINT) AS bought_30,
  CAST(SUM(CASE WHEN kind = 4 THEN left_90 ELSE 0 END) AS BIGINT) AS bought_90,
  CAST(SUM(CASE WHEN kind = 4 THEN left_365 ELSE 0 END) AS BIGINT) AS bought_365,
  CAST(SUM(CASE WHEN kind IN (0, 1, 3) THEN left_30 ELSE 0 END) AS BIGINT) AS looked_30,
  CAST(SUM(CASE WHEN kind IN (0, 1, 3) THEN left_90 ELSE 0 END) AS BIGINT) AS looked_90,
  CAST(SUM(CASE WHEN kind IN (0, 1, 3) THEN left_365 ELSE 0 END) AS BIGINT) AS looked_365,
  COUNT(DISTINCT CASE WHEN kind = 4 THEN on_day END) AS purchase_days,
  COUNT(DISTINCT CASE WHEN kind <> 5 THEN item END) AS products,
  COUNT(DISTINCT CASE WHEN kind <> 5 THEN category END) AS categories
FROM aged
GROUP BY customer, brand
) TO 'evidence.parquet' (FORMAT parquet);
