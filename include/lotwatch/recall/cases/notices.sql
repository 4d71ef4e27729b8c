-- Notices as they say now, with who sent them, what their words were read to ask for, and the case they are of.
SELECT
    latest.*,
    supplier.name AS supplier_name,
    ARRAY(
        SELECT DISTINCT ask.kind FROM lotwatch.recall_ask AS ask
        WHERE ask.version_id = latest.version_id
    ) AS asked,
    told.case_id
FROM lotwatch.notice_current AS latest
LEFT JOIN lotwatch.supplier AS supplier ON latest.issuer = supplier.code
LEFT JOIN lotwatch.recall_case_notice AS told ON latest.notice_id = told.notice_id
WHERE latest.notice_id = ANY(%(notices)s::bigint[])
ORDER BY latest.notice_id;
