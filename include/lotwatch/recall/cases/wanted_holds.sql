-- What must a case hold that it does not hold, by its verdicts in force? A hold that a person lifted after the verdict stays
-- lifted. An item of which nothing is cleared, and whose stock without a number is not either, is held as a whole, with
-- whatever arrives; otherwise that stock is held where it lies. A case that only advises holds nothing.
WITH verdict AS (
    SELECT
        known.item_id,
        known.lot_id,
        known.serial_id,
        known.verdict,
        known.decided_at,
        known.reason
    FROM lotwatch.recall_match_current AS known
    WHERE known.case_id = %(case_id)s
),

whole AS (
    SELECT
        verdict.*,
        NOT EXISTS (
            SELECT FROM verdict AS other
            WHERE other.item_id = verdict.item_id AND other.verdict = 'not_affected'
        ) AS of_item
    FROM verdict
    WHERE verdict.lot_id = 0 AND verdict.serial_id = 0 AND verdict.verdict <> 'not_affected'
),

wanted AS (
    SELECT
        whole.item_id,
        NULL::bigint AS lot_id,
        NULL::bigint AS serial_id,
        NULL::bigint AS location_id,
        whole.verdict,
        whole.reason,
        whole.decided_at
    FROM whole
    WHERE whole.of_item
    UNION ALL
    SELECT DISTINCT
        whole.item_id,
        NULL::bigint,
        NULL::bigint,
        lying.location_id,
        whole.verdict,
        whole.reason,
        whole.decided_at
    FROM whole
    INNER JOIN lotwatch.position AS lying ON whole.item_id = lying.item_id
    WHERE NOT whole.of_item AND lying.lot_id = 0 AND lying.serial_id = 0 AND lying.quantity <> 0
    UNION ALL
    SELECT
        verdict.item_id,
        CASE WHEN verdict.serial_id = 0 THEN verdict.lot_id END,
        nullif(verdict.serial_id, 0),
        NULL::bigint,
        verdict.verdict,
        verdict.reason,
        verdict.decided_at
    FROM verdict
    WHERE
        verdict.verdict <> 'not_affected' AND (verdict.lot_id <> 0 OR verdict.serial_id <> 0)
        -- covered by that of the item, unless its own is the graver
        AND NOT EXISTS (
            SELECT FROM whole
            WHERE
                whole.item_id = verdict.item_id AND whole.of_item
                AND (whole.verdict = 'affected' OR verdict.verdict <> 'affected')
        )
),

held AS (
    SELECT
        wanted.*,
        CASE wanted.verdict WHEN 'affected' THEN 'recall' ELSE 'precaution' END AS cause
    FROM wanted
)

SELECT
    opened.code,
    held.item_id,
    item.code AS item_code,
    held.lot_id,
    held.serial_id,
    coalesce(unit.number, lot.number) AS number,
    held.location_id,
    held.cause,
    held.reason
FROM held
INNER JOIN lotwatch.recall_case AS opened ON opened.case_id = %(case_id)s
INNER JOIN lotwatch.item AS item ON held.item_id = item.item_id
LEFT JOIN lotwatch.lot AS lot ON held.lot_id = lot.lot_id
LEFT JOIN lotwatch.serial_unit AS unit ON held.serial_id = unit.serial_id
WHERE
    opened.kind = 'recall' AND NOT opened.only_advises
    AND NOT EXISTS (
        SELECT FROM lotwatch.hold AS placed
        WHERE
            placed.reference = opened.code AND placed.cause = held.cause AND placed.item_id = held.item_id
            AND placed.lot_id IS NOT DISTINCT FROM held.lot_id AND placed.serial_id IS NOT DISTINCT FROM held.serial_id
            AND placed.location_id IS NOT DISTINCT FROM held.location_id
            AND (placed.released_at IS NULL OR placed.released_at > held.decided_at)
    )
ORDER BY held.item_id, held.lot_id NULLS FIRST, held.serial_id NULLS FIRST, held.location_id;
