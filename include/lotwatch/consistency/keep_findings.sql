-- One row for each problem: open the new, keep the known, resolve what is gone. An acceptance ends when the difference has
-- grown beyond what was accepted, or turned its sign; then, and when it comes again, it is news.
MERGE INTO lotwatch.check_finding AS known
USING found AS told
    ON known.check_id = %(check_id)s AND known.subject_key = told.subject_key
WHEN NOT MATCHED BY TARGET AND told.subject_key IS NOT NULL THEN
    INSERT (
        check_id, subject_key, severity, item_id, site_id, quantity, value, evidence, first_seen, last_seen
    )
    VALUES (
        %(check_id)s, told.subject_key, %(severity)s, told.item_id, told.site_id, told.quantity, told.value,
        told.evidence, %(as_of)s, %(as_of)s
    )
WHEN MATCHED AND (
    known.resolved_at IS NOT NULL
    OR abs(told.quantity) > abs(known.accepted_quantity)
    OR sign(told.quantity) <> sign(known.accepted_quantity)
) THEN
    UPDATE SET
        severity = %(severity)s, item_id = told.item_id, site_id = told.site_id, quantity = told.quantity,
        value = told.value, evidence = told.evidence, last_seen = %(as_of)s, resolved_at = NULL, told_at = NULL,
        recurrences = known.recurrences + (known.resolved_at IS NOT NULL)::integer,
        accepted_by = NULL, accepted_at = NULL, accepted_through = NULL, accepted_quantity = NULL, accept_reason = NULL
WHEN MATCHED THEN
    UPDATE SET
        severity = %(severity)s, item_id = told.item_id, site_id = told.site_id, quantity = told.quantity,
        value = told.value, evidence = told.evidence, last_seen = greatest(known.last_seen, %(as_of)s)
WHEN NOT MATCHED BY SOURCE AND known.check_id = %(check_id)s AND known.resolved_at IS NULL THEN
    UPDATE SET resolved_at = %(as_of)s
RETURNING
    CASE
        WHEN merge_action() = 'INSERT' THEN 'fresh'
        WHEN new.resolved_at IS NOT NULL THEN 'resolved'
        WHEN old.resolved_at IS NOT NULL OR old.accepted_at IS DISTINCT FROM new.accepted_at THEN 'fresh'
        ELSE 'known'
    END;
