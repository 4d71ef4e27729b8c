-- Which notices said something last, and what are they about?
SELECT
    latest.notice_id,
    latest.authority,
    latest.issuer,
    latest.number,
    latest.recall_class,
    latest.status,
    latest.firm,
    left(coalesce(latest.title, latest.product_description, latest.reason), 200) AS what,
    latest.said_at,
    (
        SELECT count(*) FROM lotwatch.notice_version AS version
        WHERE version.notice_id = latest.notice_id
    ) AS versions
FROM lotwatch.notice_current AS latest
ORDER BY latest.said_at DESC, latest.version_id DESC
LIMIT %(limit)s;
