-- It gave no usable answer: after so many in a row, or where it asks for a pause, it is left alone.
UPDATE lotwatch.portal_state
SET
    failures = failures + 1,
    closed_until = clock_timestamp() + nullif(
        make_interval(secs => greatest(CASE WHEN failures + 1 >= %(after)s THEN %(seconds)s ELSE 0 END, %(pause)s)),
        interval '0'
    )
WHERE portal = %(portal)s;
