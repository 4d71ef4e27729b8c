-- What providers tell of messages names the people they went to: it may be forgotten, but not before it is half a year old.
DROP TRIGGER message_event_append_only ON lotwatch.message_event;
CREATE TRIGGER message_event_append_only BEFORE UPDATE OR TRUNCATE ON lotwatch.message_event
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();
CREATE TRIGGER message_event_kept BEFORE DELETE ON lotwatch.message_event
FOR EACH ROW WHEN (old.recorded_at > now() - interval '180 days') EXECUTE FUNCTION lotwatch.refuse_change();
GRANT DELETE ON lotwatch.message_event TO lotwatch_app;
CREATE INDEX message_event_recorded ON lotwatch.message_event (recorded_at);
