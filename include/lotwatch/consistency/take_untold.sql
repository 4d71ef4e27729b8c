-- Of which open findings has nobody been told? From now on somebody has.
UPDATE lotwatch.check_finding
SET told_at = %(as_of)s
WHERE
    told_at IS NULL AND resolved_at IS NULL
    AND (accepted_through IS NULL OR accepted_through < (%(as_of)s::timestamptz AT TIME ZONE 'UTC')::date)
RETURNING check_id, subject_key;
