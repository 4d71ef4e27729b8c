-- What an evaluation did to the alerts, until the transaction ends.
DROP TABLE IF EXISTS pg_temp.acted;
CREATE TEMPORARY TABLE acted (
    action text NOT NULL,
    object_id text NOT NULL,
    rule_id text NOT NULL,
    severity text NOT NULL,
    after jsonb
) ON COMMIT DROP;
