-- Which notices may concern what came to be known since: lots, units, and stock without numbers of the items of a case, closed or
-- not, on which it has no verdict yet; items, lots and units of items that a notice names, but was never compared with, as we did not
-- have them then, or nothing of them; lots and units that it names by their number alone; and which name one of `items`? Of each
-- case, one of its notices. It begins with what came and looks each up by its item (OFFSET 0: no lookup becomes a pass over all there
-- is), so that old cases cost nothing.
WITH came AS MATERIALIZED (
    SELECT
        lot.item_id,
        lot.lot_id,
        0::bigint AS serial_id,
        lotwatch.number_key(lot.number) AS key
    FROM lotwatch.lot AS lot
    WHERE lot.lot_id > %(lot_id)s
    UNION ALL
    SELECT
        unit.item_id,
        coalesce(unit.lot_id, 0),
        unit.serial_id,
        lotwatch.number_key(unit.number)
    FROM lotwatch.serial_unit AS unit
    WHERE unit.serial_id > %(serial_id)s
    UNION ALL
    SELECT
        moved.item_id,
        0,
        0,
        ''
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
),

unknown AS MATERIALIZED (
    SELECT
        item.item_id,
        item.code
    FROM (
        SELECT came.item_id
        FROM came
        WHERE came.lot_id <> 0 OR came.serial_id <> 0
        UNION
        SELECT new_item.item_id
        FROM lotwatch.item AS new_item
        WHERE new_item.item_id > %(item_id)s
        UNION
        SELECT unnest(%(items)s::bigint[])
    ) AS arrived
    CROSS JOIN
        LATERAL (
            SELECT
                known.item_id,
                known.code
            FROM lotwatch.item AS known
            WHERE known.item_id = arrived.item_id
            OFFSET 0 -- noqa: AM09
        ) AS item
),

identifier AS MATERIALIZED (
    SELECT
        unknown.item_id,
        lotwatch.identifier_key(known.code) AS key
    FROM unknown
    INNER JOIN lotwatch.item_identifier AS known ON unknown.item_id = known.item_id
),

-- by what a notice may name each: `dis`, a device identifier as it may be written; `refs`, a number as it is compared
name AS (
    SELECT
        identifier.item_id,
        'dis' AS kind,
        written.code
    FROM identifier
    CROSS JOIN
        LATERAL (
            SELECT unnest(ARRAY[
                identifier.key, '+' || identifier.key,
                regexp_replace(identifier.key, '^0(?=[0-9]{13}$)', ''),
                regexp_replace(identifier.key, '^00(?=[0-9]{12}$)', ''),
                regexp_replace(identifier.key, '^0{6}(?=[0-9]{8}$)', '')
            ]) AS code
        ) AS written
    UNION
    SELECT
        unknown.item_id,
        'refs',
        lotwatch.number_key(unknown.code)
    FROM unknown
    UNION
    SELECT
        unknown.item_id,
        'refs',
        lotwatch.number_key(theirs.their_code)
    FROM unknown
    INNER JOIN lotwatch.cross_reference AS theirs ON unknown.code = theirs.our_code AND theirs.kind = 'item'
    UNION
    SELECT
        identifier.item_id,
        'refs',
        lotwatch.number_key(number.code)
    FROM identifier
    INNER JOIN lotwatch.device_record AS device ON identifier.key = lotwatch.identifier_key(device.udi_di)
    CROSS JOIN LATERAL (SELECT unnest(ARRAY[device.catalogue_number, device.model]) AS code) AS number
    WHERE number.code IS NOT NULL
),

named AS (
    SELECT
        name.item_id,
        version.notice_id
    FROM name
    CROSS JOIN
        LATERAL (
            SELECT clause.version_id
            FROM lotwatch.recall_clause AS clause
            WHERE clause.reading @> jsonb_build_object(name.kind, jsonb_build_array(name.code))
            OFFSET 0 -- noqa: AM09
        ) AS said
    INNER JOIN lotwatch.notice_version AS version ON said.version_id = version.version_id
    UNION
    SELECT
        watched.item_id,
        watched.notice_id
    FROM unknown
    INNER JOIN lotwatch.recall_watched_item AS watched ON unknown.item_id = watched.item_id
    UNION
    -- by a lot's or unit's number alone: of a whole stock that is loaded only the day's look at everything asks that
    SELECT
        numbered.item_id,
        version.notice_id
    FROM came AS numbered
    CROSS JOIN (VALUES ('lots'), ('serials'), ('either')) AS list (kind)
    CROSS JOIN
        LATERAL (
            SELECT clause.version_id
            FROM lotwatch.recall_clause AS clause
            WHERE clause.reading @> jsonb_build_object(list.kind, jsonb_build_array(numbered.key))
            OFFSET 0 -- noqa: AM09
        ) AS said
    INNER JOIN lotwatch.notice_version AS version ON said.version_id = version.version_id
    WHERE length(numbered.key) >= 4 AND (SELECT count(each_one.item_id) FROM came AS each_one) <= 10000
)

SELECT told.notice_id
FROM new
CROSS JOIN
    LATERAL (
        SELECT min(known.notice_id) AS notice_id
        FROM lotwatch.recall_case_notice AS known
        WHERE known.case_id = new.case_id
    ) AS told
WHERE told.notice_id IS NOT NULL
UNION
SELECT named.notice_id
FROM named
WHERE
    named.item_id = ANY(%(items)s::bigint[])
    OR NOT EXISTS (
        SELECT FROM lotwatch.recall_case_notice AS told
        INNER JOIN lotwatch.recall_match AS known ON told.case_id = known.case_id
        WHERE told.notice_id = named.notice_id AND known.item_id = named.item_id
        OFFSET 0 -- noqa: AM09
    );
