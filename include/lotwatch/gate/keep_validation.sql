-- What the gate looked at among an entity's records of the batch.
INSERT INTO lotwatch.validation (batch_id, entity, source, judged_at, evaluated, checks, refereed, page)
VALUES (
    %(batch_id)s, %(entity)s, %(source)s, %(judged_at)s, %(evaluated)s, %(checks)s, %(refereed)s, %(page)s
);
