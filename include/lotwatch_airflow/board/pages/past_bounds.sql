-- Had anything moved by a moment, and where does the slider begin: with the first movement, if that is within its reach?
-- Whether anything is older is seen at once; only a short history is searched for its beginning.
SELECT
    %(at)s::timestamptz IS NULL
    OR EXISTS (
        SELECT 1 FROM lotwatch.movement AS early
        WHERE early.occurred_at <= %(at)s::timestamptz
    ) AS had_begun,
    CASE
        WHEN
            EXISTS (
                SELECT 1 FROM lotwatch.movement AS early
                WHERE early.occurred_at <= %(slider)s::timestamptz
            )
            THEN %(slider)s::timestamptz
        ELSE (SELECT min(any_time.occurred_at) FROM lotwatch.movement AS any_time)
    END AS begins
