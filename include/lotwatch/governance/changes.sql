-- Which changes were asked for lately, or still wait?
SELECT *
FROM lotwatch.change_set
WHERE
    (%(kind)s::text IS NULL OR kind = %(kind)s)
    AND (NOT %(pending)s OR decision IS NULL)
ORDER BY change_set_id DESC
LIMIT %(limit)s;
