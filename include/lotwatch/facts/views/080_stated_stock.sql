-- What other systems state to be where, beside what we keep: of each statement, what was ours at its own moment, and what
-- has been moved since. A statement that does not tell lots apart is compared with all lots together; one of a place with
-- everything under it. What a statement leaves out, and we keep there, is in it with 0, unless a record of it is in quarantine.
CREATE VIEW lotwatch.stated_stock_compared AS
WITH RECURSIVE within AS (
    SELECT DISTINCT
        kept.location_id AS place_id,
        kept.location_id
    FROM lotwatch.stated_stock AS kept
    UNION
    SELECT
        within.place_id,
        below.location_id
    FROM within
    INNER JOIN lotwatch.location AS below ON within.location_id = below.parent_id
),

statement AS (
    SELECT
        kept.source,
        kept.location_id AS place_id,
        max(kept.stated_at) AS stated_at
    FROM lotwatch.stated_stock AS kept
    GROUP BY kept.source, kept.location_id
),

stated AS (
    SELECT
        kept.source,
        kept.item_id,
        kept.location_id AS place_id,
        CASE WHEN kept.serial_id = 0 THEN kept.lot_id ELSE 0 END AS lot_id,
        kept.serial_id,
        sum(kept.quantity) AS quantity,
        max(kept.stated_at) AS stated_at,
        -- of the whole item: no row of the same statement tells a lot or a serial number
        bool_and(max(kept.lot_id + kept.serial_id) = 0) OVER (
            PARTITION BY kept.source, kept.item_id, kept.location_id
        ) AS whole
    FROM lotwatch.stated_stock AS kept
    GROUP BY
        kept.source, kept.item_id, kept.location_id, CASE WHEN kept.serial_id = 0 THEN kept.lot_id ELSE 0 END,
        kept.serial_id
),

-- our own, now; and what was moved since each statement of the place
moved AS (
    SELECT
        statement.source,
        statement.place_id,
        statement.stated_at,
        known.item_id,
        known.lot_id,
        known.serial_id,
        coalesce(unit.lot_id, known.lot_id) AS of_lot_id,
        known.quantity,
        0::bigint AS since
    FROM statement
    INNER JOIN within ON statement.place_id = within.place_id
    INNER JOIN lotwatch.position AS known ON within.location_id = known.location_id
    LEFT JOIN lotwatch.serial_unit AS unit ON known.serial_id = unit.serial_id
    WHERE known.quantity <> 0
    UNION ALL
    SELECT
        statement.source,
        statement.place_id,
        statement.stated_at,
        side.item_id,
        side.lot_id,
        side.serial_id,
        coalesce(unit.lot_id, side.lot_id),
        -side.quantity,
        side.quantity
    FROM statement
    INNER JOIN within ON statement.place_id = within.place_id
    INNER JOIN lotwatch.movement_side AS side
        ON within.location_id = side.location_id AND statement.stated_at < side.occurred_at
    LEFT JOIN lotwatch.serial_unit AS unit ON side.serial_id = unit.serial_id
),

ours AS (
    SELECT
        moved.source,
        moved.place_id,
        moved.stated_at,
        moved.item_id,
        moved.lot_id,
        moved.serial_id,
        moved.of_lot_id,
        sum(moved.quantity) AS quantity,
        sum(moved.since) AS since
    FROM moved
    GROUP BY
        moved.source, moved.place_id, moved.stated_at, moved.item_id, moved.lot_id, moved.serial_id, moved.of_lot_id
),

-- which statement is each of ours compared with?
paired AS (
    SELECT
        ours.*,
        stated.whole,
        stated.lot_id AS stated_lot_id,
        stated.serial_id AS stated_serial_id
    FROM ours
    LEFT JOIN stated
        ON
            ours.source = stated.source AND ours.place_id = stated.place_id AND ours.item_id = stated.item_id
            AND (
                stated.whole
                OR (stated.serial_id <> 0 AND stated.serial_id = ours.serial_id)
                OR (stated.serial_id = 0 AND stated.lot_id <> 0 AND stated.lot_id = ours.of_lot_id)
                OR (stated.serial_id = 0 AND stated.lot_id = 0 AND ours.of_lot_id = 0 AND ours.serial_id = 0)
            )
),

-- named in a statement of a place within this one: compared there
named_below AS (
    SELECT DISTINCT
        outer_place.source,
        outer_place.place_id,
        stated.item_id
    FROM statement AS outer_place
    INNER JOIN within ON outer_place.place_id = within.place_id AND outer_place.place_id <> within.location_id
    INNER JOIN stated ON outer_place.source = stated.source AND within.location_id = stated.place_id
),

compared AS (
    SELECT
        stated.source,
        stated.place_id,
        stated.item_id,
        stated.lot_id,
        stated.serial_id,
        stated.stated_at,
        stated.quantity AS stated_quantity,
        coalesce(sum(paired.quantity), 0) AS our_quantity,
        coalesce(sum(paired.since), 0) AS moved_since,
        true AS named
    FROM stated
    LEFT JOIN paired
        ON
            stated.source = paired.source AND stated.place_id = paired.place_id AND stated.item_id = paired.item_id
            AND stated.lot_id = paired.stated_lot_id AND stated.serial_id = paired.stated_serial_id
    GROUP BY
        stated.source, stated.place_id, stated.item_id, stated.lot_id, stated.serial_id, stated.stated_at,
        stated.quantity
    UNION ALL
    SELECT
        paired.source,
        paired.place_id,
        paired.item_id,
        paired.lot_id,
        paired.serial_id,
        paired.stated_at,
        0,
        sum(paired.quantity),
        sum(paired.since),
        false
    FROM paired
    INNER JOIN lotwatch.item AS item ON paired.item_id = item.item_id
    LEFT JOIN named_below
        ON
            paired.source = named_below.source AND paired.place_id = named_below.place_id
            AND paired.item_id = named_below.item_id
    WHERE
        paired.stated_lot_id IS null AND named_below.source IS null
        AND NOT EXISTS (
            SELECT 1 FROM lotwatch.quarantine AS waiting
            WHERE
                waiting.state = 'open' AND waiting.source = paired.source AND waiting.entity = 'stock_level'
                AND waiting.item_code = item.code
        )
    GROUP BY paired.source, paired.place_id, paired.item_id, paired.lot_id, paired.serial_id, paired.stated_at
)

SELECT
    compared.source,
    compared.item_id,
    compared.place_id AS location_id,
    coalesce(place.site_id, CASE WHEN place.kind = 'site' THEN place.location_id END) AS site_id,
    compared.lot_id,
    compared.serial_id,
    compared.stated_at,
    compared.stated_quantity::bigint AS stated_quantity,
    compared.our_quantity::bigint AS our_quantity,
    compared.moved_since::bigint AS moved_since,
    compared.named
FROM compared
INNER JOIN lotwatch.location AS place ON compared.place_id = place.location_id;
COMMENT ON COLUMN lotwatch.stated_stock_compared.our_quantity IS 'ours at the moment of the statement, by what is known now (base units)';
COMMENT ON COLUMN lotwatch.stated_stock_compared.moved_since IS 'what came since, less what left (base units)';
COMMENT ON COLUMN lotwatch.stated_stock_compared.named IS 'false: the statement of the place leaves it out';
