-- Notices as they say now, with who sent them and the case they are of.
SELECT
    latest.*,
    supplier.name AS supplier_name,
    told.case_id
FROM lotwatch.notice_current AS latest
LEFT JOIN lotwatch.supplier AS supplier ON latest.issuer = supplier.code
LEFT JOIN lotwatch.recall_case_notice AS told ON latest.notice_id = told.notice_id
WHERE latest.notice_id = ANY(%(notices)s::bigint[])
ORDER BY latest.notice_id;
