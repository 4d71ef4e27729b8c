-- Which notices are there by the filters, and what does each say now?
SELECT
    latest.notice_id,
    latest.authority,
    latest.issuer,
    supplier.name AS issuer_name,
    latest.number,
    latest.event_number,
    latest.recall_class,
    latest.status,
    latest.action_kind,
    latest.action,
    latest.reason,
    latest.root_cause,
    latest.title,
    latest.product_description,
    latest.code_info,
    latest.more_code_info,
    latest.udi_dis,
    latest.catalogue_numbers,
    latest.product_codes,
    latest.k_numbers,
    latest.firm,
    latest.distribution,
    latest.quantity,
    latest.initiated_on,
    latest.published_on,
    latest.terminated_on,
    latest.url,
    left(latest.body, 20000) AS body,
    length(latest.body) AS body_length,
    latest.attachments,
    latest.source,
    latest.said_at,
    latest.first_recorded_at,
    (
        SELECT count(*) FROM lotwatch.notice_version AS version
        WHERE version.notice_id = latest.notice_id
    ) AS versions
FROM lotwatch.notice_current AS latest
LEFT JOIN lotwatch.supplier AS supplier ON latest.issuer = supplier.code
WHERE
    (%(notice)s::bigint IS NULL OR latest.notice_id = %(notice)s)
    AND (%(authority)s::text IS NULL OR latest.authority = %(authority)s)
    AND (%(recall_class)s::text IS NULL OR latest.recall_class = %(recall_class)s)
    AND (%(notice_status)s::text IS NULL OR latest.status = %(notice_status)s)
    AND (
        %(text)s::text IS NULL
        OR strpos(
            lower(concat_ws(
                ' ', latest.number, latest.event_number, latest.issuer, supplier.name, latest.firm, latest.title,
                latest.product_description, latest.code_info, latest.more_code_info,
                array_to_string(latest.udi_dis, ' '), array_to_string(latest.catalogue_numbers, ' ')
            )),
            lower(%(text)s)
        ) > 0
    )
