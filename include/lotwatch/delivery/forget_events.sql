-- What providers told of messages long ago goes: it names the people they went to.
DELETE FROM lotwatch.message_event
WHERE recorded_at < %(before)s;
