-- How many records are thought to be there, how many of them are not, and how many thought gone are there again?
SELECT
    count(*) FILTER (WHERE known.gone_at IS NULL) AS remembered,
    count(*) FILTER (WHERE known.gone_at IS NULL AND present.source_key IS NULL) AS vanished,
    count(*) FILTER (WHERE known.gone_at IS NOT NULL AND present.source_key IS NOT NULL) AS returned
FROM lotwatch.source_record AS known
LEFT JOIN present ON known.source_key = present.source_key
WHERE known.source = %(source)s AND known.entity = %(entity)s;
