-- Which lines of our own orders, as the ERP has them, are for an item of which there is too much, or which runs out before they
-- come? Only lines of which nothing has come, is under way or was declined; an order of which a change is under way rests, and what
-- stands in for a recalled item.
SELECT DISTINCT ON (ours.proposal_id, fact.item_id, line.requested_on, line.source_key)
    alert.alert_id,
    fact.item_id,
    fact.item_code,
    fact.site_id,
    fact.inventory_position,
    fact.reorder_point,
    fact.safety_stock,
    fact.target_level,
    fact.max_level,
    fact.average_daily_usage::float AS usage,
    fact.days_to_stockout::float AS days_to_stockout,
    site.today,
    ours.proposal_id AS order_id,
    ours.supplier_id,
    line.currency,
    line.unit_price,
    line.quantity,
    line.requested_on,
    coalesce(line.due_on, line.requested_on) AS due_on,
    coalesce(agreement.minimum_order_quantity, 1) AS least,
    coalesce(agreement.order_multiple, 1) AS multiple,
    (
        SELECT count(*) FROM lotwatch.purchase_order_line AS whole
        WHERE whole.order_reference = ours.code AND whole.item_id = line.item_id AND whole.state <> 'cancelled'
    ) AS of_lines
FROM lotwatch.alert AS alert
INNER JOIN lotwatch.fact_item_site AS fact
    ON alert.subject_kind = 'item_site' AND alert.subject_key = fact.subject_key
INNER JOIN lotwatch.site_today AS site ON fact.site_id = site.site_id
INNER JOIN lotwatch.order_line_open AS line ON fact.item_id = line.item_id AND fact.site_id = line.site_id
INNER JOIN lotwatch.proposal AS ours
    ON line.order_reference = ours.code AND ours.kind = 'purchase_order' AND ours.state = 'sent'
LEFT JOIN lotwatch.supplier_agreement AS agreement
    ON line.item_id = agreement.item_id AND line.supplier_id = agreement.supplier_id
WHERE
    (alert.rule_id || '/' || alert.variant) = ANY(%(acting)s::text[]) AND alert.state IN ('open', 'acknowledged')
    AND line.requested_on IS NOT NULL
    AND line.received = 0 AND line.declined = 0 AND line.withdrawn = 0
    -- an order was made by what was known then: it rests, unless that became so since, or its supplier said a later day
    AND (
        ours.created_at <= %(as_of)s::timestamptz - make_interval(days => %(rest_days)s)
        OR alert.first_seen > ours.created_at
        OR line.due_on > line.requested_on
    )
    AND NOT EXISTS (
        SELECT 1 FROM lotwatch.order_line_sent AS sent
        WHERE sent.order_line_source = line.source AND sent.order_line_key = line.source_key
    )
    AND NOT EXISTS (
        SELECT 1 FROM lotwatch.proposal_alive AS other
        WHERE other.order_id = ours.proposal_id
    )
    AND NOT EXISTS (
        SELECT 1 FROM lotwatch.standing_in AS other
        WHERE other.item_id = line.item_id AND other.site_id = line.site_id
    )
    -- after a no, a time-out, a refusal or a failure it is not asked for again at once
    AND NOT EXISTS (
        SELECT 1 FROM lotwatch.proposal AS earlier
        WHERE
            earlier.order_id = ours.proposal_id
            AND earlier.created_at > %(as_of)s::timestamptz - CASE
                WHEN earlier.state IN ('rejected', 'timed_out') THEN make_interval(days => %(quiet_days_after_no)s)
                ELSE make_interval(days => %(quiet_days_after_refusal)s)
            END
    )
ORDER BY ours.proposal_id, fact.item_id, line.requested_on, line.source_key, alert.alert_id;
