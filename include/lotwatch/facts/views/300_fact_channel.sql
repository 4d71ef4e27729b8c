CREATE VIEW lotwatch.fact_channel AS
SELECT
    health.channel AS subject_key,
    health.channel,
    health.failures_in_a_row,
    round(extract(EPOCH FROM lotwatch.as_of() - health.last_success_at) / 3600, 1) AS hours_since_success,
    coalesce(waiting.messages, 0) AS messages_waiting,
    false AS data_in_quarantine
FROM lotwatch.channel_health AS health
LEFT JOIN LATERAL (
    SELECT count(*) AS messages
    FROM lotwatch.outbox AS row
    INNER JOIN lotwatch.message_delivery AS delivery ON row.outbox_id = delivery.outbox_id
    WHERE row.state IN ('waiting', 'unclear') AND delivery.channel = health.channel
) AS waiting ON true;

COMMENT ON VIEW lotwatch.fact_channel IS 'One row for each channel by which people were told, or should have been.';
COMMENT ON COLUMN lotwatch.fact_channel.subject_key IS 'what an alert is about: the channel';
COMMENT ON COLUMN lotwatch.fact_channel.channel IS 'name of the channel, as in people.yaml';
COMMENT ON COLUMN lotwatch.fact_channel.failures_in_a_row IS 'messages it did not take since it last took one';
COMMENT ON COLUMN lotwatch.fact_channel.hours_since_success IS 'hours since it last took a message; null: it never has';
COMMENT ON COLUMN lotwatch.fact_channel.messages_waiting IS 'messages that wait for it';
COMMENT ON COLUMN lotwatch.fact_channel.data_in_quarantine IS 'always false: it does not come from records';
