-- Whether other systems' records arrive, and in which state.
CREATE VIEW lotwatch.fact_source AS
WITH recent AS (
    SELECT
        batch.*,
        batch.as_of - lag(batch.as_of) OVER (PARTITION BY batch.source, batch.state = 'posted' ORDER BY batch.as_of) AS gap
    FROM lotwatch.batch AS batch
    WHERE
        NOT batch.backfilled AND batch.as_of <= (SELECT lotwatch.as_of())
        AND (batch.as_of > (SELECT lotwatch.as_of() - interval '30 days') OR batch.state NOT IN ('posted', 'discarded'))
),

told AS (
    SELECT
        recent.source,
        bool_and(recent.pushed) AS pushed,
        max(recent.as_of) FILTER (WHERE recent.state = 'posted') AS last_read_at,
        max(recent.gap) FILTER (WHERE recent.state = 'posted') AS longest_gap,
        count(DISTINCT recent.as_of) FILTER (WHERE recent.state = 'posted') AS runs,
        count(*) FILTER (WHERE recent.state = 'stopped') AS stopped,
        min(recent.as_of) FILTER (WHERE recent.state = 'stopped') AS stopped_since
    FROM recent
    GROUP BY recent.source
),

judged AS (
    SELECT
        validation.source,
        sum(validation.evaluated) AS records
    FROM lotwatch.validation AS validation
    WHERE
        validation.judged_at > (SELECT lotwatch.as_of() - interval '7 days')
        AND validation.judged_at <= (SELECT lotwatch.as_of())
    GROUP BY validation.source
),

waiting AS (
    SELECT
        quarantine.source,
        count(*) AS records,
        count(*) FILTER (WHERE batch.as_of > (SELECT lotwatch.as_of() - interval '7 days')) AS fresh
    FROM lotwatch.quarantine AS quarantine
    INNER JOIN lotwatch.batch AS batch ON quarantine.first_batch_id = batch.batch_id
    WHERE quarantine.state = 'open' AND batch.as_of <= (SELECT lotwatch.as_of())
    GROUP BY quarantine.source
)

SELECT
    told.source AS subject_key,
    told.source,
    told.pushed,
    told.last_read_at,
    round(extract(EPOCH FROM lotwatch.as_of() - told.last_read_at) / 3600, 1) AS hours_silent,
    CASE WHEN told.runs > 2 THEN round(extract(EPOCH FROM told.longest_gap) / 3600, 1) END AS longest_gap_hours,
    told.stopped,
    round(extract(EPOCH FROM lotwatch.as_of() - told.stopped_since) / 3600, 1) AS hours_stopped,
    coalesce(judged.records, 0)::bigint AS records_judged,
    coalesce(waiting.records, 0) AS in_quarantine,
    coalesce(waiting.fresh, 0) AS newly_in_quarantine,
    round(waiting.fresh / nullif(judged.records, 0), 4) AS quarantined_share,
    FALSE AS data_in_quarantine
FROM told
LEFT JOIN judged ON told.source = judged.source
LEFT JOIN waiting ON told.source = waiting.source;

-- What cannot be told apart by item has none.
CREATE VIEW lotwatch.fact_quarantined_item AS
SELECT
    waiting.source || ':' || waiting.entity || ':' || coalesce(waiting.item_code, '-') AS subject_key,
    waiting.source,
    waiting.entity,
    item.item_id,
    waiting.item_code,
    item.name AS item_name,
    item.category,
    item.criticality,
    waiting.records,
    (lotwatch.as_of() AT TIME ZONE 'UTC')::date - (waiting.since AT TIME ZONE 'UTC')::date AS days_open,
    FALSE AS data_in_quarantine
FROM (
    SELECT
        quarantine.source,
        quarantine.entity,
        quarantine.item_code,
        count(*) AS records,
        min(batch.as_of) AS since
    FROM lotwatch.quarantine AS quarantine
    INNER JOIN lotwatch.batch AS batch ON quarantine.first_batch_id = batch.batch_id
    WHERE quarantine.state = 'open' AND batch.as_of <= (SELECT lotwatch.as_of())
    GROUP BY quarantine.source, quarantine.entity, quarantine.item_code
) AS waiting
LEFT JOIN lotwatch.item AS item ON waiting.item_code = item.code;

COMMENT ON VIEW lotwatch.fact_source IS 'One row for each system that records were read from in the last thirty days, or whose records wait.';
COMMENT ON COLUMN lotwatch.fact_source.subject_key IS 'what an alert is about: name of the source';
COMMENT ON COLUMN lotwatch.fact_source.source IS 'name of the source';
COMMENT ON COLUMN lotwatch.fact_source.pushed IS 'all its records came through the inbox: it is not asked, it tells';
COMMENT ON COLUMN lotwatch.fact_source.last_read_at IS 'moment of the last run whose records were posted; null: none in thirty days';
COMMENT ON COLUMN lotwatch.fact_source.hours_silent IS 'hours since then; null: none in thirty days';
COMMENT ON COLUMN lotwatch.fact_source.longest_gap_hours IS 'the longest time between two such runs, in the last thirty days (hours); null: fewer than three runs';
COMMENT ON COLUMN lotwatch.fact_source.stopped IS 'batches that the gate has stopped and nobody has decided on';
COMMENT ON COLUMN lotwatch.fact_source.hours_stopped IS 'hours since the first of these; null: none';
COMMENT ON COLUMN lotwatch.fact_source.records_judged IS 'records that the gate judged in the last seven days';
COMMENT ON COLUMN lotwatch.fact_source.in_quarantine IS 'records that wait in quarantine';
COMMENT ON COLUMN lotwatch.fact_source.newly_in_quarantine IS 'of these, since at most seven days';
COMMENT ON COLUMN lotwatch.fact_source.quarantined_share IS 'newly_in_quarantine / records_judged (0 to 1); null: none was judged, or none waits';
COMMENT ON COLUMN lotwatch.fact_source.data_in_quarantine IS 'always false: no item''s records decide about it';

COMMENT ON VIEW lotwatch.fact_quarantined_item IS 'One row for each item, kind of record and system of which records wait in quarantine.';
COMMENT ON COLUMN lotwatch.fact_quarantined_item.subject_key IS 'what an alert is about: source : entity : item code';
COMMENT ON COLUMN lotwatch.fact_quarantined_item.source IS 'name of the source';
COMMENT ON COLUMN lotwatch.fact_quarantined_item.entity IS 'kind of record';
COMMENT ON COLUMN lotwatch.fact_quarantined_item.item_id IS 'our number of the item; null: no such item, or the record names none';
COMMENT ON COLUMN lotwatch.fact_quarantined_item.item_code IS 'code of the item, as the record names it; null: it names none';
COMMENT ON COLUMN lotwatch.fact_quarantined_item.item_name IS 'name of the item; null: no such item';
COMMENT ON COLUMN lotwatch.fact_quarantined_item.category IS 'category of the item; null: no such item, or not told';
COMMENT ON COLUMN lotwatch.fact_quarantined_item.criticality IS 'life_supporting, critical or standard; null: no such item';
COMMENT ON COLUMN lotwatch.fact_quarantined_item.records IS 'records that wait';
COMMENT ON COLUMN lotwatch.fact_quarantined_item.days_open IS 'days since the first of them came';
COMMENT ON COLUMN lotwatch.fact_quarantined_item.data_in_quarantine IS 'always false: no item''s records decide about it';
