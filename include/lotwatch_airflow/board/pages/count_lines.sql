-- A count line by line: what was found, what the books say of that moment and how far apart they are, and what moved there
-- since. Of a proposed count the books are as they are known now, beside what they said when it was brought in: what
-- became known meanwhile decides with it. Of an opening, what is on the books and was not listed is not there.
WITH taken AS (
    SELECT
        stocktake.stocktake_id,
        stocktake.kind,
        stocktake.site_id,
        stocktake.counted_at,
        stocktake.state = 'proposed' AS proposed
    FROM lotwatch.stocktake AS stocktake
    WHERE stocktake.stocktake_id = %(stocktake)s
),

place AS (
    SELECT
        line.item_id,
        line.location_id,
        line.lot_id,
        line.serial_id,
        line.owner,
        line.status
    FROM taken
    INNER JOIN lotwatch.stocktake_line AS line ON taken.stocktake_id = line.stocktake_id
    UNION
    SELECT
        known.item_id,
        known.location_id,
        known.lot_id,
        known.serial_id,
        known.owner,
        known.status
    FROM taken
    INNER JOIN lotwatch.location AS within ON taken.site_id = within.site_id
    INNER JOIN lotwatch.position AS known ON within.location_id = known.location_id
    WHERE taken.kind = 'opening' AND taken.proposed
),

book AS (
    SELECT
        place.item_id,
        place.location_id,
        place.lot_id,
        place.serial_id,
        place.owner,
        place.status,
        sum(side.quantity) FILTER (WHERE side.occurred_at < taken.counted_at)::bigint AS quantity,
        coalesce(sum(side.quantity) FILTER (WHERE side.occurred_at >= taken.counted_at), 0)::bigint AS moved_since
    FROM taken
    CROSS JOIN place
    INNER JOIN lotwatch.movement_side AS side
        ON
            place.item_id = side.item_id AND place.location_id = side.location_id
            AND place.lot_id = side.lot_id AND place.serial_id = side.serial_id
            AND place.owner = side.owner AND place.status = side.status
    GROUP BY place.item_id, place.location_id, place.lot_id, place.serial_id, place.owner, place.status
),

compared AS (
    SELECT
        place.*,
        line.stocktake_id IS NOT NULL AS listed,
        coalesce(line.counted, 0) AS counted,
        line.expected AS expected_before,
        CASE WHEN taken.proposed THEN coalesce(book.quantity, line.expected, 0) ELSE line.expected END AS expected,
        coalesce(book.moved_since, 0) AS moved_since
    FROM taken
    CROSS JOIN place
    LEFT JOIN lotwatch.stocktake_line AS line
        ON
            taken.stocktake_id = line.stocktake_id AND place.item_id = line.item_id
            AND place.location_id = line.location_id AND place.lot_id = line.lot_id
            AND place.serial_id = line.serial_id AND place.owner = line.owner AND place.status = line.status
    LEFT JOIN book
        ON
            place.item_id = book.item_id AND place.location_id = book.location_id
            AND place.lot_id = book.lot_id AND place.serial_id = book.serial_id
            AND place.owner = book.owner AND place.status = book.status
)

SELECT
    item.code AS item_code,
    item.name AS item_name,
    location.code AS location_code,
    location.name AS location_name,
    lot.number AS lot_number,
    serial_unit.number AS serial_number,
    compared.owner,
    compared.status,
    compared.counted,
    compared.expected,
    compared.counted - compared.expected AS variance,
    abs(compared.counted - compared.expected) AS units_off,
    (compared.counted - compared.expected) * item.unit_cost AS variance_value,
    compared.moved_since,
    compared.listed,
    compared.expected_before,
    compared.expected <> coalesce(compared.expected_before, 0) AS changed
FROM compared
INNER JOIN lotwatch.item AS item ON compared.item_id = item.item_id
INNER JOIN lotwatch.location AS location ON compared.location_id = location.location_id
LEFT JOIN lotwatch.lot AS lot ON compared.lot_id = lot.lot_id
LEFT JOIN lotwatch.serial_unit AS serial_unit ON compared.serial_id = serial_unit.serial_id
WHERE
    (compared.listed OR compared.expected <> 0)
    AND (NOT %(off)s OR compared.counted <> compared.expected)
