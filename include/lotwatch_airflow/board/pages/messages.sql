-- Which messages went, or are to go, to whom by which channel, by the filters?
SELECT
    delivery.outbox_id,
    delivery.message_id,
    delivery.subscriber,
    delivery.channel,
    delivery.template,
    delivery.severity,
    array_position(ARRAY['info', 'warning', 'critical'], delivery.severity) AS severity_rank,
    delivery.gathered_in,
    row.state,
    row.attempts,
    row.last_error,
    row.created_at,
    row.not_before,
    row.sent_at
FROM lotwatch.message_delivery AS delivery
INNER JOIN lotwatch.outbox AS row ON delivery.outbox_id = row.outbox_id
WHERE
    (%(message)s::bigint IS NULL OR delivery.message_id = %(message)s)
    AND (%(days)s::integer IS NULL OR row.created_at > %(as_of)s::timestamptz - make_interval(days => %(days)s))
    AND (
        %(state)s = 'all'
        OR row.state = %(state)s
        OR (%(state)s = 'open' AND row.state IN ('waiting', 'unclear', 'held'))
        OR (%(state)s = 'trouble' AND row.state IN ('failed', 'bounced', 'refused'))
    )
    AND (%(channel)s::text IS NULL OR delivery.channel = %(channel)s)
    AND (%(subscriber)s::text IS NULL OR delivery.subscriber = %(subscriber)s)
    AND (%(template)s::text IS NULL OR delivery.template = %(template)s)
    AND (%(severity)s::text IS NULL OR delivery.severity = %(severity)s)
