-- How did suppliers deliver, as of a moment: what was due in the 90 days before against the year before those, and how the
-- lots that came from them passed inspection? Sees nothing that happened later.
WITH boundary AS (
    SELECT
        %(as_of)s::timestamptz AS as_of,
        (%(as_of)s::timestamptz AT TIME ZONE 'UTC')::date AS today
),

-- what came on each order line, and what went back
receipt AS MATERIALIZED (
    SELECT
        movement.order_line_key,
        movement.lot_id,
        movement.serial_id,
        movement.occurred_at,
        CASE WHEN destination.kind = 'supplier' THEN -movement.quantity ELSE movement.quantity END AS quantity
    FROM lotwatch.movement AS movement
    CROSS JOIN boundary
    INNER JOIN lotwatch.location AS destination ON movement.to_location_id = destination.location_id
    WHERE movement.order_line_key IS NOT NULL AND movement.occurred_at <= boundary.as_of
),

line AS MATERIALIZED (
    SELECT
        line.source_key,
        line.supplier_id,
        line.item_id,
        line.state,
        line.quantity,
        coalesce(line.promised_on, line.requested_on) AS due_on,
        ((coalesce(line.promised_on, line.requested_on) + 1)::timestamp AT TIME ZONE site.time_zone) AS due_at,
        boundary.today,
        waiting.item_code IS NOT NULL AS in_quarantine
    FROM lotwatch.purchase_order_line AS line
    CROSS JOIN boundary
    INNER JOIN lotwatch.location AS site ON line.site_id = site.location_id
    INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
    LEFT JOIN (SELECT DISTINCT known.item_code FROM lotwatch.item_in_quarantine AS known) AS waiting
        ON item.code = waiting.item_code
    WHERE
        line.state IN ('open', 'done')
        AND coalesce(line.promised_on, line.requested_on) >= boundary.today - 455
        AND coalesce(line.promised_on, line.requested_on) < boundary.today
),

came AS (
    SELECT
        line.source_key,
        sum(receipt.quantity) AS quantity,
        sum(receipt.quantity) FILTER (WHERE receipt.occurred_at < line.due_at) AS in_time
    FROM line
    INNER JOIN receipt ON line.source_key = receipt.order_line_key
    GROUP BY line.source_key
),

delivered AS (
    SELECT
        line.*,
        coalesce(came.quantity, 0) AS received,
        coalesce(came.in_time, 0) >= line.quantity AS on_time,
        line.due_on >= line.today - 90 AS is_due,
        line.due_on < line.today - 90 AS was_due
    FROM line
    LEFT JOIN came ON line.source_key = came.source_key
),

performance AS (
    SELECT
        delivered.supplier_id,
        count(*) FILTER (WHERE delivered.is_due) AS due_lines,
        count(*) FILTER (WHERE delivered.is_due AND delivered.on_time) AS on_time_lines,
        count(*) FILTER (
            WHERE delivered.is_due AND delivered.state = 'done' AND delivered.received < delivered.quantity
        ) AS short_lines,
        count(*) FILTER (WHERE delivered.is_due AND delivered.in_quarantine) AS doubtful_lines,
        sum(delivered.quantity) FILTER (WHERE delivered.is_due) AS ordered,
        sum(greatest(least(delivered.received, delivered.quantity), 0)) FILTER (WHERE delivered.is_due) AS received,
        count(*) FILTER (WHERE delivered.was_due) AS due_lines_before,
        count(*) FILTER (WHERE delivered.was_due AND delivered.on_time) AS on_time_lines_before,
        sum(delivered.quantity) FILTER (WHERE delivered.was_due) AS ordered_before,
        sum(greatest(least(delivered.received, delivered.quantity), 0)) FILTER (WHERE delivered.was_due) AS received_before
    FROM delivered
    GROUP BY delivered.supplier_id
),

inspected AS (
    SELECT
        inspection.lot_id,
        bool_or(inspection.state = 'failed') AS failed
    FROM lotwatch.inspection AS inspection
    CROSS JOIN boundary
    WHERE
        inspection.lot_id IS NOT NULL AND inspection.state IN ('passed', 'failed')
        AND inspection.closed_at > boundary.as_of - interval '180 days' AND inspection.closed_at <= boundary.as_of
    GROUP BY inspection.lot_id
),

brought AS (
    SELECT DISTINCT
        line.supplier_id,
        coalesce(unit.lot_id, receipt.lot_id) AS lot_id
    FROM receipt
    INNER JOIN lotwatch.purchase_order_line AS line ON receipt.order_line_key = line.source_key
    LEFT JOIN lotwatch.serial_unit AS unit ON receipt.serial_id = unit.serial_id
    INNER JOIN inspected ON coalesce(unit.lot_id, receipt.lot_id) = inspected.lot_id
),

quality AS (
    SELECT
        brought.supplier_id,
        count(*) AS inspected_lots,
        count(*) FILTER (WHERE inspected.failed) AS failed_lots
    FROM brought
    INNER JOIN inspected ON brought.lot_id = inspected.lot_id
    GROUP BY brought.supplier_id
)

INSERT INTO lotwatch.supplier_performance (
    supplier_id, measured_at, due_lines, on_time_lines, short_lines, doubtful_lines, ordered, received,
    due_lines_before, on_time_lines_before, ordered_before, received_before, inspected_lots, failed_lots
)
SELECT
    supplier.supplier_id,
    boundary.as_of,
    coalesce(performance.due_lines, 0),
    coalesce(performance.on_time_lines, 0),
    coalesce(performance.short_lines, 0),
    coalesce(performance.doubtful_lines, 0),
    coalesce(performance.ordered, 0),
    coalesce(performance.received, 0),
    coalesce(performance.due_lines_before, 0),
    coalesce(performance.on_time_lines_before, 0),
    coalesce(performance.ordered_before, 0),
    coalesce(performance.received_before, 0),
    coalesce(quality.inspected_lots, 0),
    coalesce(quality.failed_lots, 0)
FROM lotwatch.supplier AS supplier
CROSS JOIN boundary
LEFT JOIN performance ON supplier.supplier_id = performance.supplier_id
LEFT JOIN quality ON supplier.supplier_id = quality.supplier_id
WHERE supplier.active
ON CONFLICT (supplier_id, measured_at) DO NOTHING;
