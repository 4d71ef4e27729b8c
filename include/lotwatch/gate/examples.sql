-- Some rows of the batch that break each rule, with the reason in both languages: first those that are not known as bad.
SELECT e.rule, e.source_key, e.en, e.zh, e.known
FROM (
    SELECT
        f.rule, s.source_key, f.en, f.zh, q.quarantine_id IS NOT NULL AS known,
        row_number() OVER (PARTITION BY f.rule ORDER BY q.quarantine_id IS NOT NULL, s.record_no) AS place
    FROM stage.{entity} AS s
    LEFT JOIN lotwatch.quarantine AS q
        ON q.state = 'open' AND q.source = %(source)s AND q.entity = %(entity_name)s AND q.source_key = s.source_key
    CROSS JOIN LATERAL unnest(s.errors || s.warnings, {english}, {chinese}) AS f (rule, en, zh)
    WHERE s.batch_id = %(batch_id)s AND (s.errors <> '{{}}' OR s.warnings <> '{{}}')
) AS e
WHERE e.place <= %(limit)s
ORDER BY e.rule, e.place;
