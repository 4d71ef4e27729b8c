-- Every view reads with the eyes of whoever asks, so that row security holds through it, and the board may read it as
-- far as it may read what is below. Last, and for all views: a new one needs no line here.
-- Some look with their owner's eyes. What two say holds at every site and names none: which items have records in
-- quarantine, which serial numbers are in two places at once. Two show of a table that row security cannot bind (the audit
-- trail) what is about alerts, or recall cases, that their reader may see, and see to that themselves.
DO $$
DECLARE
    seen record;
BEGIN
    FOR seen IN
        SELECT
            format('%I.%I', view.schemaname, view.viewname) AS name,
            (view.viewname NOT IN ('alert_change', 'item_in_quarantine', 'recall_event', 'serial_conflict'))::text AS by_invoker
        FROM pg_catalog.pg_views AS view
        WHERE view.schemaname = 'lotwatch'
    LOOP
        EXECUTE format('ALTER VIEW %s SET (security_invoker = %s)', seen.name, seen.by_invoker);
        EXECUTE format('GRANT SELECT ON %s TO lotwatch_board', seen.name);
    END LOOP;
END
$$;
