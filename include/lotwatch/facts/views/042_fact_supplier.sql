-- How suppliers deliver. What is open is as it is now; rates over months are measured once a night (planning), not with
-- every evaluation.
CREATE VIEW lotwatch.fact_supplier AS
WITH awaited AS (
    SELECT
        line.supplier_id,
        count(*) AS open_lines,
        count(*) FILTER (WHERE coalesce(line.due_on, line.requested_on) < site.today) AS late_lines,
        count(*) FILTER (WHERE line.due_on IS NULL AND line.confirmed IS NULL AND line.confirmed_quantity IS NULL) AS unconfirmed_lines
    FROM lotwatch.order_line_open AS line
    INNER JOIN lotwatch.site_today AS site ON line.site_id = site.site_id
    WHERE line.state <> 'draft'
    GROUP BY line.supplier_id
)

SELECT
    supplier.code AS subject_key,
    supplier.supplier_id,
    supplier.code AS supplier_code,
    supplier.name AS supplier_name,
    supplier.blocked,
    coalesce(awaited.open_lines, 0) AS open_lines,
    coalesce(awaited.late_lines, 0) AS late_lines,
    coalesce(awaited.unconfirmed_lines, 0) AS unconfirmed_lines,
    measured.measured_at,
    coalesce(measured.due_lines, 0) AS due_lines,
    round(measured.on_time_lines::numeric / nullif(measured.due_lines, 0), 3) AS on_time_rate,
    round(measured.received / nullif(measured.ordered, 0), 3) AS supplier_fulfilment_rate,
    coalesce(measured.short_lines, 0) AS short_lines,
    coalesce(measured.due_lines_before, 0) AS due_lines_before,
    round(measured.on_time_lines_before::numeric / nullif(measured.due_lines_before, 0), 3) AS on_time_rate_before,
    round(measured.received_before / nullif(measured.ordered_before, 0), 3) AS supplier_fulfilment_rate_before,
    coalesce(measured.inspected_lots, 0) AS inspected_lots,
    coalesce(measured.failed_lots, 0) AS failed_lots,
    round(measured.failed_lots::numeric / nullif(measured.inspected_lots, 0), 3) AS failed_lot_rate,
    coalesce(measured.doubtful_lines * 10 > measured.due_lines, FALSE) AS data_in_quarantine
FROM lotwatch.supplier AS supplier
LEFT JOIN awaited ON supplier.supplier_id = awaited.supplier_id
LEFT JOIN LATERAL (
    SELECT performance.*
    FROM lotwatch.supplier_performance AS performance
    WHERE performance.supplier_id = supplier.supplier_id AND performance.measured_at <= (SELECT lotwatch.as_of())
    ORDER BY performance.measured_at DESC
    LIMIT 1
) AS measured ON TRUE
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
COMMENT ON COLUMN lotwatch.fact_supplier.measured_at IS 'when the figures below were measured, each night; null: never yet';
COMMENT ON COLUMN lotwatch.fact_supplier.due_lines IS 'order lines that were due in the 90 days before, which the figures below rest on (lines)';
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
