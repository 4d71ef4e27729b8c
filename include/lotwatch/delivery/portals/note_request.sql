-- It is asked now. Where this is the one try after a pause, everybody else goes on waiting until that has an end.
UPDATE lotwatch.portal_state AS state
SET
    asked_at = ARRAY(
        SELECT moment FROM unnest(state.asked_at) AS asked (moment)
        WHERE moment > clock_timestamp() - interval '1 minute'
    ) || array_fill(clock_timestamp(), ARRAY[%(requests)s::integer]),
    closed_until = clock_timestamp() + make_interval(secs => %(trial_seconds)s)
WHERE state.portal = %(portal)s;
