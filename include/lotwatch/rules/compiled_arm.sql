-- noqa: disable=all
-- What does one rule, or one override of it, find of a fact?
SELECT
    {rule_id}::text AS rule_id,
    {rule_version}::text AS rule_version,
    {variant} AS variant,
    {shadow} AS shadow,
    {fires} AS fires,
    {severity} AS severity,
    CASE WHEN {fires} THEN {evidence} END AS evidence
WHERE {concerned}
