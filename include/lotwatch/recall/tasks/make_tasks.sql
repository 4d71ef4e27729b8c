-- Make the tasks of a case that are missing: of the kinds its action asks where affected units are, follow-up where they
-- were used.
INSERT INTO lotwatch.recall_task (case_id, kind, place_id, site_id, due_at, made_at)
SELECT DISTINCT
    unit.case_id,
    wanted.kind,
    unit.place_id,
    unit.site_id,
    %(due_at)s::timestamptz,
    %(made_at)s::timestamptz
FROM lotwatch.recall_unit AS unit
CROSS JOIN
    LATERAL unnest(
        CASE WHEN unit.whereabouts IN ('stock', 'in_transit') THEN %(kinds)s::text[] ELSE '{follow_up}' END
    ) AS wanted (kind)
WHERE unit.case_id = %(case_id)s
ON CONFLICT (case_id, kind, place_id) DO NOTHING
RETURNING task_id;
