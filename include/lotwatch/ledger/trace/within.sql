-- The place of this code and every place in it.
WITH RECURSIVE within AS (
    SELECT place.location_id
    FROM lotwatch.location AS place
    WHERE place.code = %(code)s
    UNION
    SELECT place.location_id
    FROM within
    INNER JOIN lotwatch.location AS place ON within.location_id = place.parent_id
)

SELECT within.location_id
FROM within;
