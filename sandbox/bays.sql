-- Where the bays of the distribution centres' aisles are, in metres: they face each other, four metres from pair to pair.
SELECT
    bay.code,
    bay.name,
    bay.kind,
    around.code AS parent_code,
    bay.region,
    bay.time_zone,
    bay.status,
    bay.owner,
    bay.active,
    4 * ((right(bay.code, 2)::integer + 1) / 2) AS x_m,
    3 * (right(bay.code, 2)::integer % 2) AS y_m,
    left(right(bay.code, 3), 1) AS aisle
FROM lotwatch.location AS bay
INNER JOIN lotwatch.location AS around ON bay.parent_id = around.location_id
WHERE bay.kind = 'bin' AND bay.code ~ '^DC-.*-A[0-9]{2}$'
ORDER BY bay.code;
