-- What becomes of each subject when the new rules take the place of the old?
CREATE TEMPORARY TABLE trial ON COMMIT DROP AS
WITH side AS (
    SELECT *
    FROM unnest(%(rules)s::text[], %(versions)s::text[], %(sides)s::text[]) AS listed (rule_id, rule_version, side)
)

SELECT
    finding.rule_id,
    finding.subject_key,
    CASE
        WHEN NOT bool_or(side.side = 'old') THEN 'new'
        WHEN NOT bool_or(side.side = 'new') THEN 'gone'
        ELSE 'same'
    END AS became,
    min(finding.severity) FILTER (WHERE side.side = 'new') AS severity,
    min(finding.severity) FILTER (WHERE side.side = 'old') AS was,
    bool_or(finding.shadow) AS shadow,
    (array_agg(finding.evidence ORDER BY side.side))[1] AS evidence
FROM finding
INNER JOIN side ON finding.rule_id = side.rule_id AND finding.rule_version = side.rule_version
WHERE finding.fires
GROUP BY finding.rule_id, finding.subject_key;
