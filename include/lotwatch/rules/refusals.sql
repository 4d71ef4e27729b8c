-- How do these alerts stand by now, and who brought them there?
SELECT
    alert_id,
    state,
    CASE state WHEN 'acknowledged' THEN acknowledged_by END AS by,
    CASE state WHEN 'acknowledged' THEN acknowledged_at WHEN 'resolved' THEN resolved_at END AS at
FROM lotwatch.alert
WHERE alert_id = any(%(alerts)s::bigint[])
ORDER BY alert_id;
