-- A thousand lots and where they are kept, to push movements of.
SELECT
    known.item_code,
    known.number || '-1' AS lot_number,
    known.site_code
FROM bench.item_site AS known
ORDER BY known.number
LIMIT 1000;
