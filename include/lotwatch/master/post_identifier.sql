-- The identifiers of an item's packages. One that is another item's already stays that item's.
INSERT INTO lotwatch.item_identifier AS kept (
    agency, code, item_id, package_level, units_contained, valid_from, valid_through
)
SELECT DISTINCT ON (coalesce(staged.agency, lotwatch.identifier_agency(staged.code)), staged.code)
    coalesce(staged.agency, lotwatch.identifier_agency(staged.code)) AS agency,
    staged.code,
    item.item_id,
    staged.package_level,
    staged.units_contained,
    staged.valid_from,
    staged.valid_through
FROM stage.identifier AS staged
INNER JOIN lotwatch.item AS item ON staged.item_code = item.code
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
ORDER BY coalesce(staged.agency, lotwatch.identifier_agency(staged.code)), staged.code, staged.record_no DESC
ON CONFLICT (agency, code) DO UPDATE
    SET
        package_level = excluded.package_level, units_contained = excluded.units_contained,
        valid_from = excluded.valid_from, valid_through = excluded.valid_through
    WHERE
    kept.item_id = excluded.item_id
    AND (kept.package_level, kept.units_contained, kept.valid_from, kept.valid_through)
    IS DISTINCT FROM (excluded.package_level, excluded.units_contained, excluded.valid_from, excluded.valid_through);
