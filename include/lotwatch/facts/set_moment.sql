-- The fact views show this moment until the transaction ends, starting from the last snapshot that says nothing of
-- what came, or was learned, later.
SELECT
    set_config('lotwatch.as_of', %(as_of)s::text, true),
    set_config('lotwatch.live', %(live)s::text, true),
    set_config('lotwatch.known_at', %(known_at)s::text, true),
    set_config('lotwatch.base_snapshot_id', coalesce(base.snapshot_id, 0)::text, true),
    set_config('lotwatch.base_as_of', coalesce(base.as_of, '-infinity')::text, true),
    set_config('lotwatch.base_watermark', coalesce(base.watermark, 0)::text, true)
FROM (SELECT 1) AS once
LEFT JOIN
    LATERAL (
        SELECT
            snapshot.snapshot_id,
            snapshot.as_of,
            snapshot.watermark
        FROM lotwatch.snapshot AS snapshot
        WHERE
            NOT %(live)s::boolean AND snapshot.as_of <= %(as_of)s::timestamptz
            AND snapshot.taken_at <= %(known_at)s::timestamptz
        ORDER BY snapshot.as_of DESC
        LIMIT 1
    ) AS base
    ON true;
