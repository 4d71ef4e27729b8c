-- The channel took a message.
INSERT INTO lotwatch.channel_health (channel, last_success_at) VALUES (%(channel)s, %(as_of)s)
ON CONFLICT (channel) DO UPDATE
    SET
        failures_in_a_row = 0,
        failing_since = NULL,
        last_failed_subscriber = NULL,
        last_success_at = excluded.last_success_at;
