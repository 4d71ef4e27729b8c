-- Where does what another system states to be there differ from what we kept there at that very moment?
WITH compared AS (
    SELECT
        stated.*,
        item.code AS item_code,
        item.name AS item_name,
        item.unit_cost,
        place.code AS location_code,
        lot.number AS lot_number,
        serial_unit.number AS serial_number,
        stated.stated_quantity - stated.our_quantity AS difference
    FROM lotwatch.stated_stock_compared AS stated
    INNER JOIN lotwatch.item AS item ON stated.item_id = item.item_id
    INNER JOIN lotwatch.location AS place ON stated.location_id = place.location_id
    LEFT JOIN lotwatch.lot AS lot ON stated.lot_id = lot.lot_id
    LEFT JOIN lotwatch.serial_unit AS serial_unit ON stated.serial_id = serial_unit.serial_id
)

SELECT
    total.examined,
    differing.*
FROM (SELECT count(*) AS examined FROM compared) AS total
LEFT JOIN (
    SELECT
        concat_ws('|', source, location_code, item_code, coalesce(lot_number, ''), coalesce(serial_number, '')) AS subject_key,
        item_id,
        site_id,
        difference AS quantity,
        difference * unit_cost AS value,
        jsonb_build_object(
            'source', source, 'item_code', item_code, 'item_name', item_name, 'location_code', location_code,
            'lot_number', lot_number, 'serial_number', serial_number, 'stated', stated_quantity, 'ours', our_quantity,
            'stated_at', stated_at, 'left_out', NOT named
        ) AS evidence
    FROM compared
    WHERE difference <> 0
) AS differing ON true
