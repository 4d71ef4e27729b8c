-- Which holds are, or were, in force by the filters, and what of today's stock does each still in force cover?
WITH RECURSIVE held AS (
    SELECT
        hold.*,
        item.code AS item_code,
        item.name AS item_name,
        lot.number AS lot_number,
        serial_unit.number AS serial_number,
        place.code AS location_code,
        place.name AS location_name,
        place.site_id
    FROM lotwatch.hold AS hold
    LEFT JOIN lotwatch.item AS item ON hold.item_id = item.item_id
    LEFT JOIN lotwatch.lot AS lot ON hold.lot_id = lot.lot_id
    LEFT JOIN lotwatch.serial_unit AS serial_unit ON hold.serial_id = serial_unit.serial_id
    LEFT JOIN lotwatch.location AS place ON hold.location_id = place.location_id
    WHERE
        (%(hold)s::bigint IS NULL OR hold.hold_id = %(hold)s)
        AND (%(state)s = 'all' OR (hold.released_at IS NULL) = (%(state)s = 'open'))
        AND (%(cause)s::text IS NULL OR hold.cause = %(cause)s)
        AND (%(authority)s::text IS NULL OR hold.authority = %(authority)s)
        AND (
            %(text)s::text IS NULL
            OR strpos(
                lower(concat_ws(
                    ' ', hold.reference, hold.case_reference, hold.reason, item.code, item.name, lot.number,
                    serial_unit.number, place.code, place.name
                )),
                lower(%(text)s)
            ) > 0
        )
),

-- the places a hold names, with all that is in them
within AS (
    SELECT
        held.hold_id,
        held.location_id
    FROM held
    WHERE held.released_at IS NULL AND held.location_id IS NOT NULL
    UNION
    SELECT
        within.hold_id,
        inner_place.location_id
    FROM within
    INNER JOIN lotwatch.location AS inner_place ON within.location_id = inner_place.parent_id
),

covered AS (
    SELECT
        held.hold_id,
        known.location_id,
        known.quantity
    FROM held
    INNER JOIN lotwatch.position AS known
        ON
            held.item_id = known.item_id
            AND (held.serial_id IS NULL OR held.serial_id = known.serial_id)
    LEFT JOIN lotwatch.serial_unit AS unit ON known.serial_id = unit.serial_id -- its books name no lot beside it
    WHERE
        held.released_at IS NULL AND known.quantity <> 0
        AND (held.lot_id IS NULL OR held.lot_id = coalesce(unit.lot_id, known.lot_id))
        AND (
            held.location_id IS NULL
            OR EXISTS (
                SELECT 1 FROM within
                WHERE within.hold_id = held.hold_id AND within.location_id = known.location_id
            )
        )
    UNION ALL
    SELECT
        held.hold_id,
        known.location_id,
        known.quantity
    FROM held
    INNER JOIN within ON held.hold_id = within.hold_id
    INNER JOIN lotwatch.position AS known ON within.location_id = known.location_id
    WHERE held.item_id IS NULL AND known.quantity <> 0
),

at_site AS (
    SELECT
        covered.hold_id,
        site.code,
        site.name,
        sum(covered.quantity)::bigint AS quantity
    FROM covered
    INNER JOIN lotwatch.location AS place ON covered.location_id = place.location_id
    INNER JOIN lotwatch.location AS site ON coalesce(place.site_id, place.location_id) = site.location_id
    GROUP BY covered.hold_id, site.code, site.name
),

total AS (
    SELECT
        at_site.hold_id,
        sum(at_site.quantity)::bigint AS quantity,
        array_agg(at_site.code) AS codes,
        jsonb_agg(
            jsonb_build_object('code', at_site.code, 'name', at_site.name, 'quantity', at_site.quantity)
            ORDER BY at_site.code
        ) AS sites
    FROM at_site
    GROUP BY at_site.hold_id
)

SELECT
    held.hold_id,
    held.cause,
    held.authority,
    held.reference,
    held.case_reference,
    held.reason,
    held.item_code,
    held.item_name,
    held.lot_number,
    held.serial_number,
    held.location_code,
    held.location_name,
    held.site_id,
    held.placed_at,
    held.placed_by,
    held.confirmed_at,
    held.released_at,
    held.released_by,
    held.release_reason,
    CASE WHEN held.released_at IS NULL THEN coalesce(total.quantity, 0) END AS covered_quantity,
    coalesce(total.sites, '[]') AS covered_sites
FROM held
LEFT JOIN total ON held.hold_id = total.hold_id
WHERE %(site)s::text IS NULL OR %(site)s = any(total.codes)
