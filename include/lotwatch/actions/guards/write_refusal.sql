-- Why was it refused?
INSERT INTO lotwatch.guard_event (proposal_id, item_id, guard, stage, reason)
VALUES (%(proposal_id)s, %(item_id)s, %(guard)s, %(stage)s, %(reason)s);
