-- Start a clock of the case, or let one that was withdrawn run again; no row: it runs, or was met.
INSERT INTO lotwatch.recall_clock AS known (case_id, duty_id, starts_at, due_at)
VALUES (%(case_id)s, %(duty_id)s, %(starts_at)s, %(due_at)s)
ON CONFLICT (case_id, duty_id) DO UPDATE
    SET withdrawn_at = NULL, starts_at = excluded.starts_at, due_at = excluded.due_at
    WHERE known.withdrawn_at IS NOT NULL;
