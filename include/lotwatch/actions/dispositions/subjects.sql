-- What stock are the open alerts about whose rules may act: which items, where, and why? (null: wherever it lies; any lot of it)
SELECT DISTINCT ON (subject.item_id, subject.site_id, subject.lot_id, subject.serial_number, subject.why)
    subject.alert_id,
    subject.item_id,
    subject.site_id,
    subject.lot_id,
    subject.serial_number,
    subject.why,
    subject.transferring
FROM (
    SELECT
        alert.alert_id,
        (alert.subject ->> 'item_id')::bigint AS item_id,
        (alert.subject ->> 'site_id')::bigint AS site_id,
        (alert.subject ->> 'lot_id')::bigint AS lot_id,
        alert.subject ->> 'serial_number' AS serial_number,
        CASE alert.subject_kind
            WHEN 'ending_lot' THEN 'ending'
            WHEN 'inspection' THEN 'failed'
            WHEN 'item_site' THEN 'surplus'
            WHEN 'received_lot' THEN 'short_life'
        END AS why,
        (alert.rule_id || '/' || alert.variant) = ANY(%(transferring)s::text[]) AS transferring
    FROM lotwatch.alert AS alert
    WHERE
        (alert.rule_id || '/' || alert.variant) = ANY(%(acting)s::text[]) AND alert.state IN ('open', 'acknowledged')
        AND alert.subject ? 'item_id'
) AS subject
WHERE
    subject.why IS NOT NULL AND (subject.why <> 'failed' OR subject.lot_id IS NOT NULL)
    -- what stands in for a recalled item is not too much
    AND NOT (
        subject.why = 'surplus' AND EXISTS (
            SELECT 1 FROM lotwatch.standing_in AS other
            WHERE other.item_id = subject.item_id AND other.site_id = subject.site_id
        )
    )
ORDER BY subject.item_id, subject.site_id, subject.lot_id, subject.serial_number, subject.why, subject.alert_id;
