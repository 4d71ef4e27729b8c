-- What a source has of an entity was asked for at this moment.
INSERT INTO lotwatch.source_reconciliation (source, entity, reconciled_at, batch_id, remembered, vanished)
VALUES (%(source)s, %(entity)s, %(moment)s, %(batch_id)s, %(remembered)s, %(vanished)s)
ON CONFLICT (source, entity) DO UPDATE
    SET
        reconciled_at = excluded.reconciled_at, batch_id = excluded.batch_id, remembered = excluded.remembered,
        vanished = excluded.vanished;
