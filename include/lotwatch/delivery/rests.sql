-- Does the channel rest, because it failed too often and too short a time ago to be tried again?
SELECT EXISTS(
    SELECT FROM lotwatch.channel_health
    WHERE channel = %(channel)s AND failures_in_a_row >= %(most)s AND last_failure_at > %(since)s
);
