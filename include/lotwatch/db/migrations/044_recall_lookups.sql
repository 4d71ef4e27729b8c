-- A notice as it says now is found by its number: the number is that of the notice, not of the version that was looked up, for
-- which all notices were gone through.
CREATE OR REPLACE VIEW lotwatch.notice_current WITH (security_invoker = TRUE) AS
SELECT
    n.authority,
    n.issuer,
    n.number,
    n.recorded_at AS first_recorded_at,
    v.version_id,
    n.notice_id,
    v.source,
    v.source_key,
    v.batch_id,
    v.said_at,
    v.recorded_at,
    v.digest,
    v.event_number,
    v.recall_class,
    v.status,
    v.action_kind,
    v.action,
    v.reason,
    v.root_cause,
    v.title,
    v.product_description,
    v.code_info,
    v.more_code_info,
    v.udi_dis,
    v.catalogue_numbers,
    v.product_codes,
    v.k_numbers,
    v.firm,
    v.distribution,
    v.quantity,
    v.language,
    v.initiated_on,
    v.published_on,
    v.terminated_on,
    v.url,
    v.body,
    v.attachments,
    v.raw
FROM lotwatch.notice AS n
CROSS JOIN LATERAL (
    SELECT version.*
    FROM lotwatch.notice_version AS version
    WHERE version.notice_id = n.notice_id
    ORDER BY version.said_at DESC, version.version_id DESC
    LIMIT 1
) AS v;

-- What a firm makes of ours is looked up for each notice of it.
CREATE INDEX item_legal_manufacturer ON lotwatch.item (legal_manufacturer) WHERE legal_manufacturer IS NOT NULL;
CREATE INDEX device_record_company ON lotwatch.device_record (company) WHERE company IS NOT NULL;
