-- Is there a case that a notice belongs to: of another product of the same event, of the notice that it names, or of a letter
-- that names it?
SELECT told.case_id
FROM lotwatch.recall_case_notice AS told
INNER JOIN lotwatch.notice_current AS other ON told.notice_id = other.notice_id
WHERE
    other.notice_id <> %(notice_id)s
    AND (
        (other.authority = %(authority)s AND other.issuer = %(issuer)s AND other.event_number = %(event_number)s)
        OR (
            (other.authority = 'supplier') <> (%(authority)s = 'supplier')
            AND (
                (length(other.number) >= 5 AND strpos(%(words)s, other.number) > 0)
                OR (
                    length(%(number)s) >= 5
                    AND strpos(concat_ws(' ', other.title, other.code_info, left(other.body, 1000000)), %(number)s) > 0
                )
            )
        )
    )
ORDER BY told.case_id
LIMIT 1;
