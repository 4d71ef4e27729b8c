-- Which lots or serial units of the case's items have this number? With a device identifier, of its item alone. A serial
-- number decides before a lot: a label has both.
WITH concerned AS (
    SELECT DISTINCT known.item_id
    FROM lotwatch.recall_match AS known
    WHERE
        known.case_id = %(case_id)s
        AND (
            %(di)s::text IS NULL
            OR known.item_id IN (
                SELECT identifier.item_id
                FROM lotwatch.item_identifier AS identifier
                WHERE lotwatch.identifier_key(identifier.code) = lotwatch.identifier_key(%(di)s)
            )
        )
),

verdict AS (
    SELECT *
    FROM lotwatch.recall_match_current
    WHERE case_id = %(case_id)s
),

units AS (
    SELECT
        unit.item_id,
        coalesce(unit.lot_id, 0) AS lot_id,
        unit.serial_id,
        coalesce(own.verdict, of_lot.verdict) AS verdict
    FROM concerned
    INNER JOIN lotwatch.serial_unit AS unit
        ON
            concerned.item_id = unit.item_id
            AND lotwatch.number_key(unit.number) = lotwatch.number_key(%(serial)s)
    LEFT JOIN verdict AS own ON unit.serial_id = own.serial_id
    LEFT JOIN verdict AS of_lot ON unit.lot_id = of_lot.lot_id AND of_lot.serial_id = 0
)

SELECT
    item_id,
    lot_id,
    serial_id,
    verdict
FROM units
UNION ALL
SELECT
    lot.item_id,
    lot.lot_id,
    0,
    verdict.verdict
FROM concerned
INNER JOIN lotwatch.lot AS lot
    ON
        concerned.item_id = lot.item_id
        AND lotwatch.number_key(lot.number) = lotwatch.number_key(%(lot)s)
LEFT JOIN verdict ON lot.lot_id = verdict.lot_id AND verdict.serial_id = 0
WHERE NOT EXISTS (SELECT FROM units);
