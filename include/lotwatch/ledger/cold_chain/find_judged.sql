-- Of what does a batch bring temperatures, or contents, or movements that change who was there when it was measured?
WITH RECURSIVE measured AS (
    SELECT
        reading.location_id,
        reading.sscc,
        reading.delivery_key,
        reading.measured_at AS since,
        FALSE AS content_changed
    FROM stage.temperature_reading AS staged
    INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
    INNER JOIN lotwatch.temperature_reading AS reading
        ON batch.source = reading.source AND staged.source_key = reading.source_key
    WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
),

-- a package's content is also the content of what it is in
package AS (
    SELECT staged.sscc
    FROM stage.package_event AS staged
    WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
    UNION
    SELECT staged.sscc
    FROM stage.delivery_line AS staged
    WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}' AND staged.sscc IS NOT NULL
    UNION
    SELECT event.sscc
    FROM package
    INNER JOIN lotwatch.package_event AS event ON package.sscc = event.child_sscc
),

moved AS (
    SELECT
        movement.from_location_id,
        movement.to_location_id,
        movement.occurred_at
    FROM stage.movement AS staged
    INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
    INNER JOIN lotwatch.movement_source AS known
        ON batch.source = known.source AND staged.source_key = known.source_event_id
    INNER JOIN lotwatch.movement AS movement
        ON known.movement_id = movement.movement_id AND known.recorded_at = movement.recorded_at
    WHERE
        staged.batch_id = %(batch_id)s AND staged.errors = '{}'
        AND EXISTS (
            SELECT 1 FROM lotwatch.temperature_reading AS reading
            WHERE reading.location_id IS NOT NULL
        )
),

place AS (
    SELECT
        end_of_move.location_id,
        min(end_of_move.occurred_at) AS since
    FROM (
        SELECT
            from_location_id AS location_id,
            occurred_at
        FROM moved
        UNION ALL
        SELECT
            to_location_id,
            occurred_at
        FROM moved
    ) AS end_of_move
    GROUP BY end_of_move.location_id
),

-- what is measured may be the cupboard in which the shelf is
around AS (
    SELECT
        place.location_id,
        place.since
    FROM place
    UNION
    SELECT
        inner_place.parent_id,
        around.since
    FROM around
    INNER JOIN lotwatch.location AS inner_place ON around.location_id = inner_place.location_id
    WHERE inner_place.parent_id IS NOT NULL
),

subject AS (
    SELECT * FROM measured
    UNION ALL
    SELECT
        around.location_id,
        NULL,
        NULL,
        around.since,
        TRUE
    FROM around
    UNION ALL
    SELECT
        NULL,
        package.sscc,
        NULL,
        'infinity',
        TRUE
    FROM package
    UNION ALL
    SELECT
        NULL,
        NULL,
        staged.delivery_key,
        'infinity',
        TRUE
    FROM stage.delivery_line AS staged
    WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
)

INSERT INTO judged (location_id, sscc, delivery_key, since, content_changed)
SELECT
    subject.location_id,
    subject.sscc,
    subject.delivery_key,
    -- of a package or a delivery that is all that is known of it
    CASE WHEN subject.location_id IS NULL THEN '-infinity' ELSE min(subject.since) - %(looks_back)s::interval END,
    bool_or(subject.content_changed)
FROM subject
WHERE
    EXISTS (
        SELECT 1 FROM lotwatch.temperature_reading AS reading
        WHERE reading.location_id = subject.location_id
    )
    OR EXISTS (
        SELECT 1 FROM lotwatch.temperature_reading AS reading
        WHERE reading.sscc = subject.sscc
    )
    OR EXISTS (
        SELECT 1 FROM lotwatch.temperature_reading AS reading
        WHERE reading.delivery_key = subject.delivery_key
    )
GROUP BY subject.location_id, subject.sscc, subject.delivery_key;
