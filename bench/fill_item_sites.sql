-- Twenty sites keep each item, eight of them buy it; one in ten is short of it and one in ten has too much.
INSERT INTO bench.item_site (number, item_number, item_code, supplier_code, site_code, bought, usage, stays)
SELECT
    n.number,
    n.number / 20,
    'ITEM-' || n.number / 20,
    'SUPPLIER-' || mod(n.number / 20, %(suppliers)s),
    'SITE-' || mod(n.number, 20),
    mod(n.number, 20) < 8,
    4 + mod(n.number, 12),
    CASE
        WHEN mod(n.number / 7, 10) = 0 THEN ARRAY[0, 0, 1]
        WHEN mod(n.number / 7, 10) = 1 THEN ARRAY[2, 2, 4]
        WHEN mod(n.number, 2) = 0 THEN ARRAY[0, 1, 2]
        ELSE ARRAY[1, 0, 2]
    END
FROM generate_series(0, %(rows)s - 1) AS n (number);
