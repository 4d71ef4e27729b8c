-- The channel did not take a message. Refusing the same subscriber again says nothing new about the channel.
INSERT INTO lotwatch.channel_health AS known (
    channel, failures_in_a_row, failing_since, last_failure_at, last_failed_subscriber, last_error
)
VALUES (%(channel)s, 1, %(as_of)s, %(as_of)s, %(subscriber)s, %(error)s)
ON CONFLICT (channel) DO UPDATE
    SET
        failures_in_a_row = known.failures_in_a_row
        + CASE WHEN %(refused)s AND known.last_failed_subscriber = %(subscriber)s THEN 0 ELSE 1 END,
        failing_since = coalesce(known.failing_since, excluded.failing_since),
        last_failure_at = excluded.last_failure_at,
        last_failed_subscriber = excluded.last_failed_subscriber,
        last_error = excluded.last_error
RETURNING known.failures_in_a_row, known.failing_since;
