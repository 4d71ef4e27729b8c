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
