-- Which serial numbers are in stock at several places at once?
WITH compared AS (
    SELECT
        stock.serial_id,
        stock.item_id,
        count(*) AS number,
        CASE WHEN count(DISTINCT place.site_id) = 1 THEN min(place.site_id) END AS site_id,
        string_agg(place.code || ' ' || stock.quantity, ', ' ORDER BY place.code) AS places
    FROM lotwatch.stock AS stock
    INNER JOIN lotwatch.location AS place ON stock.location_id = place.location_id
    WHERE stock.serial_id <> 0 AND stock.quantity > 0
    GROUP BY stock.serial_id, stock.item_id
)

SELECT
    total.examined,
    differing.*
FROM (SELECT count(*) AS examined FROM compared) AS total
LEFT JOIN (
    SELECT
        item.code || '|' || serial_unit.number AS subject_key,
        compared.item_id,
        compared.site_id,
        compared.number - 1 AS quantity,
        (compared.number - 1) * item.unit_cost AS value,
        jsonb_build_object(
            'item_code', item.code, 'item_name', item.name, 'serial_number', serial_unit.number,
            'places', compared.places
        ) AS evidence
    FROM compared
    INNER JOIN lotwatch.item AS item ON compared.item_id = item.item_id
    INNER JOIN lotwatch.serial_unit AS serial_unit ON compared.serial_id = serial_unit.serial_id
    WHERE compared.number > 1
) AS differing ON true
