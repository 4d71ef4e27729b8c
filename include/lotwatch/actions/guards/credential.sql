-- Which orders and reshipments lack a credential in force: of the device (its registration), of its supplier, or of the company at
-- either end? Who has one of a kind on record needs one of it that holds on the day, there. Stock that is there stays usable: what is
-- moved within a company needs none.
WITH line AS (
    SELECT
        proposal.proposal_id,
        proposal.code,
        proposal.kind,
        proposal.supplier_id,
        line.item_id,
        array_remove(ARRAY[site.legal_entity_id, giver.legal_entity_id], NULL) AS entities,
        (%(as_of)s::timestamptz AT TIME ZONE site.time_zone)::date AS day
    FROM lotwatch.proposal AS proposal
    INNER JOIN lotwatch.proposal_line AS line ON proposal.proposal_id = line.proposal_id AND NOT line.refused
    INNER JOIN lotwatch.location AS site ON proposal.site_id = site.location_id
    LEFT JOIN lotwatch.location AS giver ON proposal.from_site_id = giver.location_id
    WHERE proposal.kind IN ('purchase_order', 'return_and_reship') AND proposal.proposal_id = ANY(%(proposals)s::bigint[])
    GROUP BY proposal.proposal_id, line.item_id, site.location_id, giver.location_id
),

-- by holder and kind: the one that ends last
held AS (
    SELECT
        line.proposal_id,
        line.code,
        line.day,
        credential.kind,
        credential.item_id,
        credential.supplier_id,
        credential.legal_entity_id,
        max(credential.valid_through) AS valid_through,
        (array_agg(credential.number ORDER BY credential.valid_through DESC, credential.number DESC))[1] AS number,
        (array_agg(credential.valid_from ORDER BY credential.valid_through DESC, credential.number DESC))[1] AS valid_from
    FROM line
    INNER JOIN lotwatch.credential AS credential
        ON
            coalesce(credential.item_id, line.item_id) = line.item_id
            AND (credential.supplier_id IS NULL OR credential.supplier_id = line.supplier_id)
            AND (credential.legal_entity_id IS NULL OR credential.legal_entity_id = ANY(line.entities))
            AND (line.kind = 'purchase_order' OR credential.legal_entity_id IS NOT NULL)
    GROUP BY
        line.proposal_id, line.code, line.day, credential.kind, credential.item_id, credential.supplier_id,
        credential.legal_entity_id
    HAVING NOT bool_or(credential.valid_through >= line.day AND coalesce(credential.valid_from, line.day) <= line.day)
)

SELECT
    held.proposal_id,
    held.code,
    item.item_id,
    item.code AS item_code,
    CASE
        WHEN held.valid_through < held.day
            THEN
                format(
                    '%%s: its %%s %%s lapsed on %%s; renew it before ordering.',
                    whose.name, held.kind, held.number, held.valid_through
                )
        ELSE format('%%s: its %%s %%s holds from %%s on only.', whose.name, held.kind, held.number, held.valid_from)
    END AS reason,
    CASE
        WHEN held.valid_through < held.day
            THEN format('%%s：%%s %%s 已于 %%s 到期，请先续期再订购。', whose.name, whose.kind, held.number, held.valid_through)
        ELSE format('%%s：%%s %%s 自 %%s 起才有效。', whose.name, whose.kind, held.number, held.valid_from)
    END AS reason_zh
FROM held
LEFT JOIN lotwatch.item AS item ON held.item_id = item.item_id
LEFT JOIN lotwatch.supplier AS supplier ON held.supplier_id = supplier.supplier_id
LEFT JOIN lotwatch.legal_entity AS entity ON held.legal_entity_id = entity.legal_entity_id
CROSS JOIN
    LATERAL (
        SELECT
            concat_ws(', ', item.code, supplier.name, entity.name) AS name,
            CASE held.kind WHEN 'registration' THEN '注册证' WHEN 'licence' THEN '许可证' ELSE '授权' END AS kind
    ) AS whose
ORDER BY held.proposal_id, item.code, whose.name;
