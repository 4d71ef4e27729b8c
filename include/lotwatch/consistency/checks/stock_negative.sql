-- Where has more left than is known to have come?
WITH compared AS (
    SELECT
        stock.item_id,
        stock.quantity,
        item.code AS item_code,
        item.name AS item_name,
        item.unit_cost,
        place.site_id,
        place.code AS location_code,
        lot.number AS lot_number,
        serial_unit.number AS serial_number,
        stock.owner,
        stock.status
    FROM lotwatch.stock AS stock
    INNER JOIN lotwatch.item AS item ON stock.item_id = item.item_id
    INNER JOIN lotwatch.location AS place ON stock.location_id = place.location_id
    LEFT JOIN lotwatch.lot AS lot ON stock.lot_id = lot.lot_id
    LEFT JOIN lotwatch.serial_unit AS serial_unit ON stock.serial_id = serial_unit.serial_id
)

SELECT
    total.examined,
    differing.*
FROM (SELECT count(*) AS examined FROM compared) AS total
LEFT JOIN (
    SELECT
        concat_ws(
            '|', location_code, item_code, coalesce(lot_number, ''), coalesce(serial_number, ''), owner, status
        ) AS subject_key,
        item_id,
        site_id,
        quantity,
        quantity * unit_cost AS value,
        jsonb_build_object(
            'item_code', item_code, 'item_name', item_name, 'location_code', location_code, 'lot_number', lot_number,
            'serial_number', serial_number, 'quantity', quantity
        ) AS evidence
    FROM compared
    WHERE quantity < 0
) AS differing ON true
