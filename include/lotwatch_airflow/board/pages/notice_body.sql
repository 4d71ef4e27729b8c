-- The whole text of a letter, as its notice says now.
SELECT
    number,
    body
FROM lotwatch.notice_current
WHERE notice_id = %(notice)s
