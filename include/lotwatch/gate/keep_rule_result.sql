-- A rule that records of the batch broke, with some of them.
INSERT INTO lotwatch.rule_result (batch_id, entity, rule, severity, failing, reason, examples)
VALUES (%(batch_id)s, %(entity)s, %(rule)s, %(severity)s, %(failing)s, %(reason)s, %(examples)s);
