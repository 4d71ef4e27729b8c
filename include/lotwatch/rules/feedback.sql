-- How have each rule's alerts fared since a moment: how many, how fast taken on, how many false, how many that come and go?
WITH standing AS (
    SELECT
        alert.alert_id,
        alert.rule_id,
        alert.state,
        alert.recurrences
    FROM lotwatch.alert AS alert
    WHERE
        (alert.last_seen >= %(since)s OR alert.state <> 'resolved')
        AND (%(rule)s::text IS NULL OR alert.rule_id = %(rule)s)
),

said AS (
    SELECT
        event.alert_id,
        count(*) FILTER (WHERE event.kind = 'escalated') AS escalated,
        count(*) FILTER (WHERE event.kind = 'snoozed') AS snoozed,
        -- the last word of whoever rated it
        max(event.alert_event_id) FILTER (WHERE event.kind IN ('false_alarm', 'useful')) AS rating
    FROM lotwatch.alert_event AS event
    WHERE event.as_of >= %(since)s
    GROUP BY event.alert_id
),

taken AS (
    SELECT
        alert.rule_id,
        count(*) AS acknowledged,
        -- percentile_disc gives back one of them: of intervals there is no mean
        percentile_disc(0.5) WITHIN GROUP (ORDER BY event.waited) AS median_wait
    FROM lotwatch.alert_event AS event
    INNER JOIN lotwatch.alert AS alert ON event.alert_id = alert.alert_id
    WHERE event.kind = 'acknowledged' AND event.as_of >= %(since)s
    GROUP BY alert.rule_id
)

SELECT
    standing.rule_id,
    count(*) AS alerts,
    (count(*) + sum(standing.recurrences))::bigint AS openings,
    count(*) FILTER (WHERE standing.state <> 'resolved') AS still_open,
    coalesce(max(taken.acknowledged), 0) AS acknowledged,
    max(taken.median_wait) AS median_wait,
    coalesce(sum(said.escalated), 0)::bigint AS escalated,
    coalesce(sum(said.snoozed), 0)::bigint AS snoozed,
    count(said.rating) AS rated,
    count(*) FILTER (WHERE rating.kind = 'false_alarm') AS false_alarms,
    sum(standing.recurrences)::bigint AS recurrences,
    count(*) FILTER (WHERE standing.recurrences >= 3) AS flapping
FROM standing
LEFT JOIN said ON standing.alert_id = said.alert_id
LEFT JOIN lotwatch.alert_event AS rating ON said.rating = rating.alert_event_id
LEFT JOIN taken ON standing.rule_id = taken.rule_id
GROUP BY standing.rule_id
ORDER BY false_alarms DESC, openings DESC, standing.rule_id;
