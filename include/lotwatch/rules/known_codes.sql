-- Is there such a code, or which look a little like it?
WITH known (kind, code) AS (
    SELECT
        'criticality',
        unnest(ARRAY['life_supporting', 'critical', 'standard'])
    UNION ALL
    SELECT
        'region',
        region
    FROM lotwatch.location
    WHERE region IS NOT NULL
    UNION ALL
    SELECT
        'site',
        code
    FROM lotwatch.location
    WHERE kind = 'site'
    UNION ALL
    SELECT
        'category',
        category
    FROM lotwatch.item
    WHERE category IS NOT NULL
    UNION ALL
    SELECT
        'supplier',
        code
    FROM lotwatch.supplier
    UNION ALL
    SELECT
        'item',
        code
    FROM lotwatch.item
)

SELECT code
FROM known
WHERE kind = %(kind)s AND (code = %(code)s OR lower(left(code, 1)) = lower(left(%(code)s, 1)))
GROUP BY code
ORDER BY code = %(code)s DESC, code
LIMIT 5000;
