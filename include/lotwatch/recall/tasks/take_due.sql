-- Whom to tell now: who was never told, or has not answered since.
WITH due AS (
    UPDATE lotwatch.recall_response SET told = told + 1, told_at = %(at)s
    WHERE case_id = %(case_id)s AND acknowledged_at IS NULL AND (told_at IS NULL OR told_at <= %(before)s)
    RETURNING party, party_id, told
)

SELECT
    due.party,
    due.party_id,
    due.told,
    coalesce(place.code, supplier.code) AS code,
    coalesce(place.name, supplier.name) AS name,
    place.region
FROM due
LEFT JOIN lotwatch.location AS place ON due.party = 'site' AND due.party_id = place.location_id
LEFT JOIN lotwatch.supplier AS supplier ON due.party = 'supplier' AND due.party_id = supplier.supplier_id
ORDER BY due.party ASC, code ASC;
