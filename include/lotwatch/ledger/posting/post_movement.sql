-- Post a batch's movements (or, in a second pass, its reversals) exactly once and keep what is derived. How many were new?
-- Events, positions and receipts are sorted by key: workers that post overlapping replays then never deadlock.
-- What is posted is joined with itself in full: a full join is hashed or merged, never nested, whatever number of rows
-- the planner expects of the batch.
WITH event AS MATERIALIZED (
    SELECT
        nextval('lotwatch.movement_id') AS movement_id,
        (
            SELECT batch.source FROM lotwatch.batch AS batch
            WHERE batch.batch_id = %(batch_id)s
        ) AS source,
        staged.source_key,
        NULL::bigint AS reverses_id,
        staged.occurred_at,
        item.item_id,
        -- a serial unit is known by its own number: its lot is the unit's, and may be told later
        CASE WHEN serial_unit.serial_id IS NULL THEN coalesce(lot.lot_id, 0) ELSE 0 END AS lot_id,
        coalesce(serial_unit.serial_id, 0) AS serial_id,
        origin.location_id AS from_location_id,
        destination.location_id AS to_location_id,
        staged.quantity::bigint AS quantity,
        staged.batch_id,
        origin.holds_stock AS from_counts,
        destination.holds_stock AS to_counts,
        coalesce(staged.from_owner, origin.owner) AS from_owner,
        coalesce(staged.to_owner, destination.owner) AS to_owner,
        coalesce(staged.from_status, origin.status) AS from_status,
        coalesce(staged.to_status, destination.status) AS to_status,
        coalesce(staged.kind, 'movement') AS kind,
        staged.document,
        staged.order_line_key,
        staged.transformation_key,
        staged.case_reference,
        staged.reason,
        origin.site_id AS from_site_id,
        destination.site_id AS to_site_id,
        origin.holds_stock AS from_stock,
        destination.holds_stock AS to_stock,
        destination.kind = 'supplier' AS goes_back,
        CASE
            WHEN item.label_serial AND serial_unit.serial_id IS NULL THEN 'serial_missing'
            WHEN item.label_lot AND lot.lot_id IS NULL AND serial_unit.serial_id IS NULL THEN 'lot_missing'
        END AS missing
    FROM stage.movement AS staged
    INNER JOIN lotwatch.item AS item ON staged.item_code = item.code
    INNER JOIN lotwatch.location AS origin ON staged.from_location = origin.code
    INNER JOIN lotwatch.location AS destination ON staged.to_location = destination.code
    LEFT JOIN lotwatch.lot AS lot ON item.item_id = lot.item_id AND staged.lot_number = lot.number
    LEFT JOIN lotwatch.serial_unit AS serial_unit
        ON item.item_id = serial_unit.item_id AND staged.serial_number = serial_unit.number
    WHERE
        staged.batch_id = %(batch_id)s AND staged.errors = '{}'
        AND NOT %(reversals)s AND staged.reverses_key IS NULL
    UNION ALL
    -- the movement it takes back, the other way round
    SELECT
        nextval('lotwatch.movement_id'),
        batch.source,
        staged.source_key,
        original.movement_id,
        coalesce(staged.occurred_at, original.occurred_at),
        original.item_id,
        original.lot_id,
        original.serial_id,
        original.to_location_id,
        original.from_location_id,
        original.quantity,
        staged.batch_id,
        original.to_counted,
        original.from_counted,
        original.to_owner,
        original.from_owner,
        original.to_status,
        original.from_status,
        'reversal',
        coalesce(staged.document, original.document),
        original.order_line_key,
        original.transformation_key,
        original.case_reference,
        staged.reason,
        origin.site_id AS from_site_id,
        destination.site_id AS to_site_id,
        origin.holds_stock AS from_stock,
        destination.holds_stock AS to_stock,
        destination.kind = 'supplier',
        CASE
            WHEN item.label_serial AND original.serial_id = 0 THEN 'serial_missing'
            WHEN item.label_lot AND original.lot_id = 0 AND original.serial_id = 0 THEN 'lot_missing'
        END
    FROM stage.movement AS staged
    INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
    INNER JOIN lotwatch.movement_source AS known
        ON batch.source = known.source AND staged.reverses_key = known.source_event_id
    CROSS JOIN LATERAL lotwatch.recorded_movement(known.movement_id, known.recorded_at) AS original
    INNER JOIN lotwatch.item AS item ON original.item_id = item.item_id
    INNER JOIN lotwatch.location AS origin ON original.to_location_id = origin.location_id
    INNER JOIN lotwatch.location AS destination ON original.from_location_id = destination.location_id
    WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}' AND %(reversals)s
),

-- a batch is of one source: that need not be compared
fresh AS (
    INSERT INTO lotwatch.movement_source (source, source_event_id, movement_id, reverses_id)
    SELECT DISTINCT ON (source_key)
        source,
        source_key,
        movement_id,
        reverses_id
    FROM event
    ORDER BY source_key, movement_id
    ON CONFLICT DO NOTHING
    RETURNING movement_id
),

-- a side that a later count has seen already changes no position
posted AS MATERIALIZED (
    SELECT
        event.*,
        event.from_counts
        AND event.occurred_at >= coalesce(greatest(from_cut.counted_at, from_count.counted_at), '-infinity') AS from_counted,
        event.to_counts
        AND event.occurred_at >= coalesce(greatest(to_cut.counted_at, to_count.counted_at), '-infinity') AS to_counted
    FROM event
    FULL JOIN fresh ON event.movement_id = fresh.movement_id
    LEFT JOIN lotwatch.cut_over AS from_cut ON event.from_site_id = from_cut.site_id
    LEFT JOIN lotwatch.cut_over AS to_cut ON event.to_site_id = to_cut.site_id
    LEFT JOIN lotwatch.last_count AS from_count
        ON
            event.item_id = from_count.item_id AND event.from_location_id = from_count.location_id
            AND event.lot_id = from_count.lot_id AND event.serial_id = from_count.serial_id
            AND event.from_owner = from_count.owner AND event.from_status = from_count.status
    LEFT JOIN lotwatch.last_count AS to_count
        ON
            event.item_id = to_count.item_id AND event.to_location_id = to_count.location_id
            AND event.lot_id = to_count.lot_id AND event.serial_id = to_count.serial_id
            AND event.to_owner = to_count.owner AND event.to_status = to_count.status
    WHERE coalesce(fresh.movement_id, 0) <> 0
),

moved AS (
    INSERT INTO lotwatch.movement (
        movement_id, source, source_event_id, reverses_id, occurred_at, item_id, lot_id, serial_id, from_location_id,
        to_location_id, quantity, batch_id, from_counted, to_counted, from_owner, to_owner, from_status, to_status,
        kind, document, order_line_key, transformation_key, case_reference, reason
    )
    SELECT
        movement_id,
        source,
        source_key,
        reverses_id,
        occurred_at,
        item_id,
        lot_id,
        serial_id,
        from_location_id,
        to_location_id,
        quantity,
        batch_id,
        from_counted,
        to_counted,
        from_owner,
        to_owner,
        from_status,
        to_status,
        kind,
        document,
        order_line_key,
        transformation_key,
        case_reference,
        reason
    FROM posted
),

delta AS (
    SELECT
        side.item_id,
        side.location_id,
        side.lot_id,
        side.serial_id,
        side.owner,
        side.status,
        sum(side.quantity)::bigint AS quantity
    FROM (
        SELECT
            item_id,
            from_location_id AS location_id,
            lot_id,
            serial_id,
            from_owner AS owner,
            from_status AS status,
            -quantity AS quantity
        FROM posted
        WHERE from_counted
        UNION ALL
        SELECT
            item_id,
            to_location_id,
            lot_id,
            serial_id,
            to_owner,
            to_status,
            quantity
        FROM posted
        WHERE to_counted
    ) AS side
    GROUP BY side.item_id, side.location_id, side.lot_id, side.serial_id, side.owner, side.status
),

kept AS (
    INSERT INTO lotwatch.position AS known (item_id, location_id, lot_id, serial_id, owner, status, quantity)
    SELECT delta.*
    FROM delta
    ORDER BY delta.item_id, delta.location_id, delta.lot_id, delta.serial_id, delta.owner, delta.status
    ON CONFLICT (item_id, location_id, lot_id, serial_id, owner, status) DO UPDATE
        SET quantity = known.quantity + excluded.quantity
    RETURNING item_id, location_id, lot_id, serial_id, owner, status, quantity
),

received AS (
    INSERT INTO lotwatch.order_line_receipt AS known (order_line_key, quantity)
    SELECT
        order_line_key,
        sum(CASE WHEN goes_back THEN -quantity ELSE quantity END)::bigint
    FROM posted
    WHERE order_line_key IS NOT NULL
    GROUP BY order_line_key
    ORDER BY order_line_key
    ON CONFLICT (order_line_key) DO UPDATE SET quantity = known.quantity + excluded.quantity
),

short AS (
    SELECT * FROM kept
    WHERE quantity < 0
),

odd AS (
    INSERT INTO lotwatch.movement_flag (movement_id, flag, item_id, location_id, lot_id, serial_id, quantity)
    SELECT
        posted.movement_id,
        CASE WHEN short.serial_id <> 0 THEN 'conflict' ELSE 'negative' END,
        short.item_id,
        short.location_id,
        short.lot_id,
        short.serial_id,
        short.quantity
    FROM posted
    FULL JOIN short
        ON
            posted.item_id = short.item_id AND posted.from_location_id = short.location_id
            AND posted.lot_id = short.lot_id AND posted.serial_id = short.serial_id
            AND posted.from_owner = short.owner AND posted.from_status = short.status
    WHERE coalesce(short.quantity, 0) < 0 AND coalesce(posted.from_counted, FALSE)
    UNION ALL
    SELECT
        movement_id,
        missing,
        item_id,
        from_location_id,
        lot_id,
        serial_id,
        quantity
    FROM posted
    WHERE missing IS NOT NULL
    UNION ALL
    SELECT
        movement_id,
        'before_count',
        item_id,
        CASE WHEN from_counted THEN to_location_id ELSE from_location_id END,
        lot_id,
        serial_id,
        quantity
    FROM posted
    WHERE from_counted <> from_stock OR to_counted <> to_stock
),

woken AS (
    INSERT INTO lotwatch.change (item_id, location_id)
    -- a unit that was said to be elsewhere concerns both places, and what came of an order the site that waits for it
    SELECT
        item_id,
        CASE WHEN serial_id = 0 THEN location_id END
    FROM kept
    UNION
    SELECT
        item_id,
        NULL
    FROM posted
    WHERE order_line_key IS NOT NULL
)

SELECT count(*) FROM posted;
