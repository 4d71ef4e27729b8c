-- Which notices may concern what came to be known since: lots, units, and stock without numbers of the items of a case, closed or
-- not, on which it has no verdict yet? Of each case, one of its notices. It begins with what came and looks each up by its item
-- (OFFSET 0: no lookup becomes a pass over all there is), so that old cases cost nothing.
WITH came AS MATERIALIZED (
    SELECT
        lot.item_id,
        lot.lot_id,
        0::bigint AS serial_id
    FROM lotwatch.lot AS lot
    WHERE lot.lot_id > %(lot_id)s
    UNION ALL
    SELECT
        unit.item_id,
        coalesce(unit.lot_id, 0),
        unit.serial_id
    FROM lotwatch.serial_unit AS unit
    WHERE unit.serial_id > %(serial_id)s
    UNION ALL
    SELECT
        moved.item_id,
        0,
        0
    FROM (
        SELECT DISTINCT change.item_id
        FROM lotwatch.change AS change
        WHERE change.change_id > %(change_id)s
    ) AS moved
    WHERE
        EXISTS (
            SELECT FROM lotwatch.recall_match AS known
            WHERE known.item_id = moved.item_id
            OFFSET 0 -- noqa: AM09
        )
        AND EXISTS (
            SELECT FROM lotwatch.position AS lying
            WHERE lying.item_id = moved.item_id AND lying.lot_id = 0 AND lying.serial_id = 0 AND lying.quantity <> 0
            OFFSET 0 -- noqa: AM09
        )
),

meant AS MATERIALIZED (
    SELECT
        item.item_id,
        concerned.case_id
    FROM (SELECT DISTINCT came.item_id FROM came) AS item
    CROSS JOIN
        LATERAL (
            SELECT DISTINCT known.case_id
            FROM lotwatch.recall_match AS known
            WHERE known.item_id = item.item_id
        ) AS concerned
),

new AS (
    SELECT DISTINCT meant.case_id
    FROM meant
    INNER JOIN came ON meant.item_id = came.item_id
    WHERE
        NOT EXISTS (
            SELECT FROM lotwatch.recall_match AS judged
            WHERE
                judged.case_id = meant.case_id AND judged.item_id = came.item_id AND judged.lot_id = came.lot_id
                -- a unit, with its lot
                AND (judged.serial_id = came.serial_id OR (judged.serial_id = 0 AND came.lot_id <> 0))
            OFFSET 0 -- noqa: AM09
        )
)

SELECT told.notice_id
FROM new
CROSS JOIN
    LATERAL (
        SELECT min(known.notice_id) AS notice_id
        FROM lotwatch.recall_case_notice AS known
        WHERE known.case_id = new.case_id
    ) AS told
WHERE told.notice_id IS NOT NULL;
