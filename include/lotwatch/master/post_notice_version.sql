-- What a notice says now, where that is something else than it said before. What is learned late is compared with what was
-- said before it, not with what is known best: the order of learning changes nothing about the order of saying.
WITH told AS (
    SELECT
        notice.notice_id,
        batch.source,
        -- a clock that is wrong must not keep a version in force against all that is said later
        least(coalesce(staged.said_at, batch.as_of), greatest(batch.as_of + interval '1 day', now())) AS moment,
        staged.*,
        sha256(convert_to(jsonb_build_array(
            staged.event_number, staged.recall_class, staged.status, staged.action_kind, staged.action, staged.reason,
            staged.root_cause, staged.title, staged.product_description, staged.code_info, staged.more_code_info,
            coalesce(staged.udi_dis, '{}'), coalesce(staged.catalogue_numbers, '{}'), coalesce(staged.product_codes, '{}'),
            coalesce(staged.k_numbers, '{}'), staged.firm, staged.distribution, staged.quantity, staged.language,
            staged.initiated_on, staged.published_on, staged.terminated_on, staged.url, staged.body,
            coalesce(staged.attachments, '[]')
        )::text, 'UTF8')) AS content
    FROM stage.notice AS staged
    INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
    INNER JOIN lotwatch.notice AS notice
        ON
            staged.authority = notice.authority AND staged.number = notice.number
            AND coalesce(staged.supplier_code, '') = notice.issuer
    WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
)

INSERT INTO lotwatch.notice_version (
    notice_id, source, source_key, batch_id, said_at, digest, event_number, recall_class, status, action_kind, action,
    reason, root_cause, title, product_description, code_info, more_code_info, udi_dis, catalogue_numbers, product_codes,
    k_numbers, firm, distribution, quantity, language, initiated_on, published_on, terminated_on, url, body, attachments,
    raw
)
SELECT DISTINCT ON (told.notice_id, told.moment, told.content)
    told.notice_id,
    told.source,
    told.source_key,
    told.batch_id,
    told.moment,
    told.content,
    told.event_number,
    told.recall_class,
    told.status,
    told.action_kind,
    told.action,
    told.reason,
    told.root_cause,
    told.title,
    told.product_description,
    told.code_info,
    told.more_code_info,
    coalesce(told.udi_dis, '{}'),
    coalesce(told.catalogue_numbers, '{}'),
    coalesce(told.product_codes, '{}'),
    coalesce(told.k_numbers, '{}'),
    told.firm,
    told.distribution,
    told.quantity,
    told.language,
    told.initiated_on,
    told.published_on,
    told.terminated_on,
    told.url,
    told.body,
    coalesce(told.attachments, '[]'),
    told.raw
FROM told
LEFT JOIN LATERAL (
    SELECT earlier.digest
    FROM lotwatch.notice_version AS earlier
    WHERE earlier.notice_id = told.notice_id AND earlier.said_at <= told.moment
    ORDER BY earlier.said_at DESC, earlier.version_id DESC
    LIMIT 1
) AS before ON true
WHERE before.digest IS DISTINCT FROM told.content
ORDER BY told.notice_id, told.moment, told.content, told.record_no DESC
ON CONFLICT (notice_id, said_at, digest) DO NOTHING;
