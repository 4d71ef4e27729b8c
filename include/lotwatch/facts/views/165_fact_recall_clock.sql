-- Clocks of recalls that run: what must be done by when, and is not yet.
CREATE VIEW lotwatch.fact_recall_clock AS
SELECT
    recalled.code || ':' || clock.duty_id AS subject_key,
    recalled.code AS case_code,
    clock.duty_id,
    recalled.recall_class,
    recalled.action_kind,
    recalled.our_role,
    recalled.jurisdiction,
    recalled.kind = 'drill' AS is_drill,
    clock.due_at,
    round(extract(EPOCH FROM clock.due_at - lotwatch.as_of()) / 3600, 1) AS hours_left,
    round(
        100 * extract(EPOCH FROM lotwatch.as_of() - clock.starts_at)
        / greatest(extract(EPOCH FROM clock.due_at - clock.starts_at), 1),
        1
    ) AS percent_elapsed,
    FALSE AS data_in_quarantine
FROM lotwatch.recall_clock AS clock
INNER JOIN lotwatch.recall_case AS recalled ON clock.case_id = recalled.case_id
WHERE
    recalled.state = 'open' AND clock.withdrawn_at IS NULL
    AND clock.starts_at <= (SELECT lotwatch.as_of())
    AND (clock.met_at IS NULL OR clock.met_at > (SELECT lotwatch.as_of()));

COMMENT ON VIEW lotwatch.fact_recall_clock IS 'One row for each clock of an open recall case that was not met yet.';
COMMENT ON COLUMN lotwatch.fact_recall_clock.subject_key IS 'what an alert is about: code of the case : duty';
COMMENT ON COLUMN lotwatch.fact_recall_clock.case_code IS 'code of the case';
COMMENT ON COLUMN lotwatch.fact_recall_clock.duty_id IS 'the duty, as include/config/duties.yaml has it';
COMMENT ON COLUMN lotwatch.fact_recall_clock.recall_class IS 'I, II or III, I the gravest: not the class of the device; null: not told';
COMMENT ON COLUMN lotwatch.fact_recall_clock.action_kind IS 'remove, correct, inspect, advise or other';
COMMENT ON COLUMN lotwatch.fact_recall_clock.our_role IS 'what we are to the device: maker, importer, distributor or user';
COMMENT ON COLUMN lotwatch.fact_recall_clock.jurisdiction IS 'whose device law the notice is under: cn, us, eu or another';
COMMENT ON COLUMN lotwatch.fact_recall_clock.is_drill IS 'a mock recall';
COMMENT ON COLUMN lotwatch.fact_recall_clock.due_at IS 'when it is due';
COMMENT ON COLUMN lotwatch.fact_recall_clock.hours_left IS 'until it is due; below 0: since (hours)';
COMMENT ON COLUMN lotwatch.fact_recall_clock.percent_elapsed IS 'of the time there is, how much has passed (percent)';
COMMENT ON COLUMN lotwatch.fact_recall_clock.data_in_quarantine IS 'always false: no item''s records decide about it';
