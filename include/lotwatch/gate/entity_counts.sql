-- What did the gate find among an entity's records of the batch? Rows that could not be mapped are in quarantine already.
-- known_bad: bad as they were before, when they were told of.
WITH staged AS (
    SELECT
        count(*) AS read,
        count(*) FILTER (WHERE s.errors <> '{{}}') AS bad,
        count(*) FILTER (WHERE s.errors = '{{}}' AND s.warnings <> '{{}}') AS warned,
        count(*) FILTER (WHERE s.errors <> '{{}}' AND q.quarantine_id IS NOT NULL) AS known_bad
    FROM stage.{entity} AS s
    LEFT JOIN lotwatch.quarantine AS q
        ON q.state = 'open' AND q.source = %(source)s AND q.entity = %(entity_name)s AND q.source_key = s.source_key
        AND q.first_batch_id < %(batch_id)s
    WHERE s.batch_id = %(batch_id)s
),

unmapped AS (
    SELECT count(*) AS bad, count(*) FILTER (WHERE q.first_batch_id < %(batch_id)s) AS known_bad
    FROM lotwatch.quarantine AS q
    WHERE
        q.state = 'open' AND q.source = %(source)s AND q.entity = %(entity_name)s
        AND q.last_batch_id = %(batch_id)s AND q.rules = %(unmapped)s
)

SELECT
    staged.read + unmapped.bad AS read,
    staged.read - staged.bad AS passed,
    staged.bad + unmapped.bad AS quarantined,
    staged.warned,
    staged.known_bad + unmapped.known_bad AS known_bad,
    unmapped.bad AS unmapped
FROM staged CROSS JOIN unmapped;
