-- The stock it is about, with the last day that its label says and the day on which it is given to somebody.
INSERT INTO lotwatch.task_line (
    task_id, item_id, lot_id, serial_id, location_id, quantity, disposition, last_day, given_on
)
SELECT
    task.task_id,
    %(item_id)s,
    %(lot_id)s,
    %(serial_id)s,
    %(location_id)s,
    %(quantity)s,
    %(disposition)s,
    lotwatch.last_day(unit, lot),
    (%(as_of)s::timestamptz AT TIME ZONE site.time_zone)::date
FROM lotwatch.task AS task
INNER JOIN lotwatch.location AS site ON task.site_id = site.location_id
LEFT JOIN lotwatch.lot AS lot ON lot.lot_id = %(lot_id)s
LEFT JOIN lotwatch.serial_unit AS unit ON unit.serial_id = %(serial_id)s
WHERE task.task_id = %(task_id)s;
