-- Does a record of the source wait only for what it refers to?
SELECT EXISTS (
    SELECT 1 FROM lotwatch.quarantine AS q
    WHERE
        q.state = 'open' AND q.source = %(source)s AND q.record IS NOT NULL
        AND NOT EXISTS (SELECT FROM unnest(q.rules) AS u (rule) WHERE NOT starts_with(u.rule, %(prefix)s))
);
