-- What several statements said, each in its own words.

-- A unit's own dates come before its lot's, each for itself; of the two the earlier counts. A statement with it is planned as if this
-- stood there.
CREATE FUNCTION lotwatch.last_day(unit lotwatch.serial_unit, lot lotwatch.lot) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN least(coalesce(unit.usable_through, lot.usable_through), coalesce(unit.sterile_until, lot.sterile_until));
COMMENT ON FUNCTION lotwatch.last_day IS
'the last day of use by the label of a unit and its lot, either of which may be missing, inclusive, in the site''s zone; '
'null: none on the label';

-- Of a unit alone it is not known: nobody asks.
ALTER TABLE lotwatch.serial_unit DROP COLUMN last_day;

-- What a call-back takes back: a transfer by its task, of an order every pick, the whole that one warehouse was told of.
CREATE VIEW lotwatch.called_back WITH (security_invoker = TRUE) AS
SELECT
    back.warehouse_task_id AS call_back_id,
    back.state AS call_back_state,
    told.warehouse_task_id,
    told.state
FROM lotwatch.warehouse_task AS back
INNER JOIN lotwatch.warehouse_task AS told
    ON
        back.warehouse = told.warehouse
        AND (
            back.calls_back_task_id = told.warehouse_task_id
            OR (told.kind = 'pick' AND back.demand_order_key = told.demand_order_key)
        )
WHERE back.kind = 'call_back';
COMMENT ON VIEW lotwatch.called_back IS 'for each call-back, done or not, the picks or the transfer that it takes back';
GRANT SELECT ON lotwatch.called_back TO lotwatch_app, lotwatch_board, lotwatch_auditor;
