-- Which sources of the registry have not been read and posted for several of their intervals? One that was never read is
-- counted from the first batch of all.
WITH compared AS (
    SELECT
        wanted.source,
        wanted.seconds,
        max(batch.as_of) AS last_read,
        extract(EPOCH FROM %(as_of)s - coalesce(max(batch.as_of), (SELECT min(earliest.as_of) FROM lotwatch.batch AS earliest))) AS silent
    FROM jsonb_to_recordset(%(sources)s::jsonb) AS wanted (source text, seconds bigint)
    LEFT JOIN lotwatch.batch AS batch
        ON wanted.source = batch.source AND batch.state = 'posted' AND NOT batch.backfilled AND batch.as_of <= %(as_of)s
    GROUP BY wanted.source, wanted.seconds
)

SELECT
    total.examined,
    differing.*
FROM (SELECT count(*) AS examined FROM compared) AS total
LEFT JOIN (
    SELECT
        source AS subject_key,
        NULL::bigint AS item_id,
        NULL::bigint AS site_id,
        NULL::numeric AS quantity,
        NULL::numeric AS value,
        jsonb_build_object(
            'source', source, 'last_read', last_read, 'hours', round(silent / 3600, 1),
            'due_hours', round(seconds / 3600.0, 1)
        ) AS evidence
    FROM compared
    WHERE silent > seconds * %(intervals)s::integer
) AS differing ON TRUE
