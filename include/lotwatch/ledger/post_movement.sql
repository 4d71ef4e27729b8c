-- Post a batch's movements exactly once and keep the positions. How many were new?
-- Events and positions are both sorted by key: workers that post overlapping replays then never deadlock.
WITH event AS (
    SELECT
        batch.source,
        staged.source_key,
        item.item_id,
        coalesce(serial_unit.lot_id, lot.lot_id, 0) AS lot_id,
        coalesce(serial_unit.serial_id, 0) AS serial_id,
        origin.location_id AS from_location_id,
        destination.location_id AS to_location_id,
        origin.owner AS from_owner,
        destination.owner AS to_owner,
        origin.status AS from_status,
        destination.status AS to_status,
        staged.quantity,
        staged.document,
        staged.order_line_key,
        staged.occurred_at,
        staged.batch_id
    FROM stage.movement AS staged
    INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
    INNER JOIN lotwatch.item AS item ON staged.item_code = item.code
    INNER JOIN lotwatch.location AS origin ON staged.from_location = origin.code
    INNER JOIN lotwatch.location AS destination ON staged.to_location = destination.code
    LEFT JOIN lotwatch.lot AS lot ON item.item_id = lot.item_id AND staged.lot_number = lot.number
    LEFT JOIN lotwatch.serial_unit AS serial_unit
        ON item.item_id = serial_unit.item_id AND staged.serial_number = serial_unit.number
    WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
),

fresh AS (
    INSERT INTO lotwatch.movement_source (source, source_event_id)
    SELECT DISTINCT
        source,
        source_key
    FROM event
    ORDER BY source, source_key
    ON CONFLICT (source, source_event_id) DO NOTHING
    RETURNING source, source_event_id
),

moved AS (
    INSERT INTO lotwatch.movement (
        source, source_event_id, item_id, lot_id, serial_id, from_location_id, to_location_id, from_owner, to_owner,
        from_status, to_status, quantity, document, order_line_key, occurred_at, batch_id
    )
    SELECT DISTINCT ON (event.source, event.source_key) event.*
    FROM event
    INNER JOIN fresh ON event.source = fresh.source AND event.source_key = fresh.source_event_id
    ORDER BY event.source, event.source_key
    RETURNING *
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
        FROM moved
        UNION ALL
        SELECT
            item_id,
            to_location_id,
            lot_id,
            serial_id,
            to_owner,
            to_status,
            quantity
        FROM moved
    ) AS side
    GROUP BY side.item_id, side.location_id, side.lot_id, side.serial_id, side.owner, side.status
    HAVING sum(side.quantity) <> 0
),

kept AS (
    INSERT INTO lotwatch.position AS known (item_id, location_id, lot_id, serial_id, owner, status, quantity)
    SELECT delta.*
    FROM delta
    ORDER BY delta.item_id, delta.location_id, delta.lot_id, delta.serial_id, delta.owner, delta.status
    ON CONFLICT (item_id, location_id, lot_id, serial_id, owner, status) DO UPDATE
        SET quantity = known.quantity + excluded.quantity
    RETURNING item_id, location_id
),

woken AS (
    INSERT INTO lotwatch.change (item_id, location_id)
    SELECT DISTINCT
        item_id,
        location_id
    FROM kept
)

SELECT count(*) FROM moved;
