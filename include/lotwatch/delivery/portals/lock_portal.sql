-- How is the portal doing? Failures in a row; seconds for which it is left alone; how often it was asked within the last
-- minute, and after how many seconds the first of these is a minute ago.
SELECT
    state.failures,
    coalesce(greatest(extract(EPOCH FROM state.closed_until - clock_timestamp()), 0), 0)::float8 AS closed_for,
    recent.asked,
    coalesce(greatest(60 - extract(EPOCH FROM clock_timestamp() - recent.first), 0.001), 0)::float8 AS next_after
FROM lotwatch.portal_state AS state
CROSS JOIN
    LATERAL (
        SELECT
            count(*) AS asked,
            min(moment) AS first
        FROM unnest(state.asked_at) AS asked (moment)
        WHERE moment > clock_timestamp() - interval '1 minute'
    ) AS recent
WHERE state.portal = %(portal)s
FOR UPDATE OF state;
