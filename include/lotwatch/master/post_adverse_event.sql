-- Reports of adverse events as their source has them.
INSERT INTO lotwatch.adverse_event AS kept (
    source, source_key, report, number, event_type, occurred_on, received_on, udi_di, catalogue_number, lot_number, brand, maker,
    narrative
)
SELECT DISTINCT ON (staged.source_key)
    batch.source,
    staged.source_key,
    staged.report,
    staged.number,
    staged.event_type,
    staged.occurred_on,
    staged.received_on,
    staged.udi_di,
    staged.catalogue_number,
    staged.lot_number,
    staged.brand,
    staged.maker,
    staged.narrative
FROM stage.adverse_event AS staged
INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
ORDER BY staged.source_key, staged.record_no DESC
ON CONFLICT (source, source_key) DO UPDATE
    SET
        report = excluded.report, number = excluded.number, event_type = excluded.event_type,
        occurred_on = excluded.occurred_on, received_on = excluded.received_on, udi_di = excluded.udi_di,
        catalogue_number = excluded.catalogue_number, lot_number = excluded.lot_number, brand = excluded.brand,
        maker = excluded.maker, narrative = excluded.narrative, recorded_at = now()
    WHERE
    (
        kept.report, kept.number, kept.event_type, kept.occurred_on, kept.received_on, kept.udi_di, kept.catalogue_number,
        kept.lot_number, kept.brand, kept.maker, kept.narrative
    ) IS DISTINCT FROM (
        excluded.report, excluded.number, excluded.event_type, excluded.occurred_on, excluded.received_on, excluded.udi_di,
        excluded.catalogue_number, excluded.lot_number, excluded.brand, excluded.maker, excluded.narrative
    );
