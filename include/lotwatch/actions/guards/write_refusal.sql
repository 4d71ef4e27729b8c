-- Why was it refused?
INSERT INTO lotwatch.guard_event (proposal_id, item_id, guard, stage, reason, reason_zh)
VALUES (%(proposal_id)s, %(item_id)s, %(guard)s, %(stage)s, %(reason)s, %(reason_zh)s);
