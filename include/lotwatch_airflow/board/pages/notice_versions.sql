-- What did a notice say, version by version, the latest first?
SELECT
    version_id,
    source,
    said_at,
    recorded_at,
    event_number,
    recall_class,
    status,
    action_kind,
    action,
    reason,
    root_cause,
    title,
    product_description,
    code_info,
    more_code_info,
    udi_dis,
    catalogue_numbers,
    product_codes,
    k_numbers,
    firm,
    distribution,
    quantity,
    initiated_on,
    published_on,
    terminated_on,
    left(body, 60000) AS body
FROM lotwatch.notice_version
WHERE notice_id = %(notice)s
ORDER BY said_at DESC, version_id DESC
LIMIT 50
