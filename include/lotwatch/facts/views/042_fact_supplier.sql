-- How suppliers deliver: what was due in the last 90 days against the year before, and how their lots passed inspection.
CREATE VIEW lotwatch.fact_supplier AS
WITH boundary AS (
    SELECT
        lotwatch.as_of() AS as_of,
        lotwatch.known_at() AS known_at,
        (lotwatch.as_of() AT TIME ZONE 'UTC')::date AS today
),

-- from the index alone: what came on each order line, and what went back
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
    WHERE
        movement.order_line_key IS NOT NULL
        AND movement.occurred_at <= boundary.as_of AND movement.recorded_at <= boundary.known_at
),

line AS MATERIALIZED (
    SELECT
        line.source_key,
        line.supplier_id,
        line.item_id,
        line.state,
        line.quantity,
        line.promised_on IS NULL AND line.confirmed_quantity IS NULL AS unconfirmed,
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
    WHERE line.state IN ('open', 'done') AND line.ordered_on <= boundary.today
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
        line.due_on >= line.today - 90 AND line.due_on < line.today AS is_due,
        line.due_on >= line.today - 455 AND line.due_on < line.today - 90 AS was_due
    FROM line
    LEFT JOIN came ON line.source_key = came.source_key
),

performance AS (
    SELECT
        delivered.supplier_id,
        count(*) FILTER (WHERE delivered.state = 'open' AND delivered.received < delivered.quantity) AS open_lines,
        count(*) FILTER (
            WHERE delivered.state = 'open' AND delivered.received < delivered.quantity AND delivered.due_on < delivered.today
        ) AS late_lines,
        count(*) FILTER (
            WHERE delivered.state = 'open' AND delivered.received < delivered.quantity AND delivered.unconfirmed
        ) AS unconfirmed_lines,
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
    INNER JOIN line ON receipt.order_line_key = line.source_key
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

SELECT
    supplier.code AS subject_key,
    supplier.supplier_id,
    supplier.code AS supplier_code,
    supplier.name AS supplier_name,
    supplier.blocked,
    coalesce(performance.open_lines, 0) AS open_lines,
    coalesce(performance.late_lines, 0) AS late_lines,
    coalesce(performance.unconfirmed_lines, 0) AS unconfirmed_lines,
    coalesce(performance.due_lines, 0) AS due_lines,
    round(performance.on_time_lines::numeric / nullif(performance.due_lines, 0), 3) AS on_time_rate,
    round(performance.received / nullif(performance.ordered, 0), 3) AS supplier_fulfilment_rate,
    coalesce(performance.short_lines, 0) AS short_lines,
    coalesce(performance.due_lines_before, 0) AS due_lines_before,
    round(performance.on_time_lines_before::numeric / nullif(performance.due_lines_before, 0), 3) AS on_time_rate_before,
    round(performance.received_before / nullif(performance.ordered_before, 0), 3) AS supplier_fulfilment_rate_before,
    coalesce(quality.inspected_lots, 0) AS inspected_lots,
    coalesce(quality.failed_lots, 0) AS failed_lots,
    round(quality.failed_lots::numeric / nullif(quality.inspected_lots, 0), 3) AS failed_lot_rate,
    coalesce(performance.doubtful_lines * 10 > performance.due_lines, FALSE) AS data_in_quarantine
FROM lotwatch.supplier AS supplier
LEFT JOIN performance ON supplier.supplier_id = performance.supplier_id
LEFT JOIN quality ON supplier.supplier_id = quality.supplier_id
WHERE supplier.active;

COMMENT ON VIEW lotwatch.fact_supplier IS 'One row for each active supplier.';
COMMENT ON COLUMN lotwatch.fact_supplier.subject_key IS 'what an alert is about: code of the supplier';
COMMENT ON COLUMN lotwatch.fact_supplier.supplier_id IS 'our number of the supplier';
COMMENT ON COLUMN lotwatch.fact_supplier.supplier_code IS 'code of the supplier';
COMMENT ON COLUMN lotwatch.fact_supplier.supplier_name IS 'name of the supplier';
COMMENT ON COLUMN lotwatch.fact_supplier.blocked IS 'nothing may be ordered from it';
COMMENT ON COLUMN lotwatch.fact_supplier.open_lines IS 'order lines on which something is still to come (lines)';
COMMENT ON COLUMN lotwatch.fact_supplier.late_lines IS 'of open_lines: past the promised date, or the requested one where none was promised (lines)';
COMMENT ON COLUMN lotwatch.fact_supplier.unconfirmed_lines IS 'of open_lines: neither a date nor a quantity is confirmed (lines)';
COMMENT ON COLUMN lotwatch.fact_supplier.due_lines IS 'order lines that were due in the last 90 days, which the figures below rest on (lines)';
COMMENT ON COLUMN lotwatch.fact_supplier.on_time_rate IS 'on_time_rate: share of due_lines that had come in full by the day (0 to 1); null: none was due';
COMMENT ON COLUMN lotwatch.fact_supplier.supplier_fulfilment_rate IS 'share of what was ordered on due_lines that has come by now (quantity, 0 to 1); null: none was due';
COMMENT ON COLUMN lotwatch.fact_supplier.short_lines IS 'of due_lines: closed with less than was ordered (lines)';
COMMENT ON COLUMN lotwatch.fact_supplier.due_lines_before IS 'order lines that were due in the year before those 90 days (lines)';
COMMENT ON COLUMN lotwatch.fact_supplier.on_time_rate_before IS 'on_time_rate of due_lines_before (0 to 1); null: none was due';
COMMENT ON COLUMN lotwatch.fact_supplier.supplier_fulfilment_rate_before IS 'supplier_fulfilment_rate of due_lines_before (0 to 1); null: none was due';
COMMENT ON COLUMN lotwatch.fact_supplier.inspected_lots IS 'lots that came from it and whose inspection was decided in the last 180 days (lots)';
COMMENT ON COLUMN lotwatch.fact_supplier.failed_lots IS 'of inspected_lots: failed (lots)';
COMMENT ON COLUMN lotwatch.fact_supplier.failed_lot_rate IS 'failed_lots / inspected_lots (0 to 1); null: none was inspected';
COMMENT ON COLUMN lotwatch.fact_supplier.data_in_quarantine IS 'more than a tenth of due_lines are of items with records in quarantine: the rates may be wrong';
