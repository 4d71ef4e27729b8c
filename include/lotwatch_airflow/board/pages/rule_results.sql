-- Which rules did records of a batch break, and which share of the records was it in this and the latest batches before?
SELECT
    result.entity,
    result.rule,
    result.severity,
    result.failing,
    result.reason ->> %(language)s AS reason,
    result.examples,
    validation.evaluated,
    trend.shares
FROM lotwatch.rule_result AS result
INNER JOIN lotwatch.validation AS validation
    ON result.batch_id = validation.batch_id AND result.entity = validation.entity
CROSS JOIN
    LATERAL (
        SELECT array_agg(latest.share ORDER BY latest.batch_id) AS shares
        FROM (
            SELECT
                other.batch_id,
                (coalesce(broken.failing, 0)::numeric / other.evaluated)::double precision AS share
            FROM lotwatch.validation AS other
            LEFT JOIN lotwatch.rule_result AS broken
                ON
                    other.batch_id = broken.batch_id AND other.entity = broken.entity
                    AND broken.rule = result.rule
            WHERE
                other.source = validation.source AND other.entity = validation.entity
                AND other.batch_id <= result.batch_id AND other.evaluated > 0
            ORDER BY other.batch_id DESC
            LIMIT 20
        ) AS latest
    ) AS trend
WHERE result.batch_id = %(batch)s
ORDER BY result.entity, result.severity, result.failing DESC, result.rule
