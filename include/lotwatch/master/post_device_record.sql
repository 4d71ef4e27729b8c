-- What regulators' databases and makers' files say of devices. They fill and check items; none becomes one.
INSERT INTO lotwatch.device_record AS kept (
    source, source_key, udi_di, agency, brand, model, catalogue_number, company, description, device_class, nomenclature,
    label_lot, label_serial, label_expiry, label_manufactured, registration_number, packages, published_on, ended_on
)
SELECT DISTINCT ON (staged.source_key)
    batch.source,
    staged.source_key,
    staged.udi_di,
    coalesce(staged.agency, lotwatch.identifier_agency(staged.udi_di)) AS agency,
    staged.brand,
    staged.model,
    staged.catalogue_number,
    staged.company,
    staged.description,
    staged.device_class,
    staged.nomenclature,
    staged.label_lot,
    staged.label_serial,
    staged.label_expiry,
    staged.label_manufactured,
    staged.registration_number,
    coalesce(staged.packages, '[]') AS packages,
    staged.published_on,
    staged.ended_on
FROM stage.device_record AS staged
INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
ORDER BY staged.source_key, staged.record_no DESC
ON CONFLICT (source, source_key) DO UPDATE
    SET
        udi_di = excluded.udi_di, agency = excluded.agency, brand = excluded.brand, model = excluded.model,
        catalogue_number = excluded.catalogue_number, company = excluded.company, description = excluded.description,
        device_class = excluded.device_class, nomenclature = excluded.nomenclature, label_lot = excluded.label_lot,
        label_serial = excluded.label_serial, label_expiry = excluded.label_expiry,
        label_manufactured = excluded.label_manufactured, registration_number = excluded.registration_number,
        packages = excluded.packages, published_on = excluded.published_on, ended_on = excluded.ended_on,
        recorded_at = now()
    WHERE
    (
        kept.udi_di, kept.agency, kept.brand, kept.model, kept.catalogue_number, kept.company, kept.description,
        kept.device_class, kept.nomenclature, kept.label_lot, kept.label_serial, kept.label_expiry,
        kept.label_manufactured, kept.registration_number, kept.packages, kept.published_on, kept.ended_on
    ) IS DISTINCT FROM (
        excluded.udi_di, excluded.agency, excluded.brand, excluded.model, excluded.catalogue_number, excluded.company,
        excluded.description, excluded.device_class, excluded.nomenclature, excluded.label_lot, excluded.label_serial,
        excluded.label_expiry, excluded.label_manufactured, excluded.registration_number, excluded.packages,
        excluded.published_on, excluded.ended_on
    );
