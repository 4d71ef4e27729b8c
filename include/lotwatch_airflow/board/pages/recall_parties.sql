-- Who has answered, and who was told how often?
SELECT
    answer.party,
    answer.party_id,
    coalesce(place.code, supplier.code) AS code,
    coalesce(place.name, supplier.name) AS name,
    answer.told,
    answer.told_at,
    answer.acknowledged_at,
    answer.acknowledged_by,
    answer.note
FROM lotwatch.recall_response AS answer
LEFT JOIN lotwatch.location AS place ON answer.party = 'site' AND answer.party_id = place.location_id
LEFT JOIN lotwatch.supplier AS supplier ON answer.party = 'supplier' AND answer.party_id = supplier.supplier_id
WHERE answer.case_id = %(case_id)s AND num_nonnulls(place.location_id, supplier.supplier_id) > 0
ORDER BY answer.acknowledged_at DESC NULLS FIRST, answer.party ASC, code ASC
