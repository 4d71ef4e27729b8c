-- A proposal for each order, delivery or supplier that open alerts complain of, with the items they are about as its lines. Not
-- where a case of that name about it is under way, or was proposed or closed only just now. `expected` holds, for each thing that is
-- complained of, the day or time of arrival that was known: another one answers the case.
WITH covered AS (
    SELECT DISTINCT about.subject_key
    FROM lotwatch.proposal AS known
    CROSS JOIN LATERAL jsonb_object_keys(known.details -> 'expected') AS about (subject_key)
    WHERE
        known.kind = 'exception' AND known.details ->> 'case' = %(name)s
        AND (
            known.created_at > %(as_of)s::timestamptz - %(quiet)s::interval
            OR EXISTS (
                SELECT 1 FROM lotwatch.proposal_alive AS alive
                WHERE alive.proposal_id = known.proposal_id
            )
            OR EXISTS (
                SELECT 1 FROM lotwatch.task AS task
                WHERE
                    task.proposal_id = known.proposal_id
                    AND task.closed_at > %(as_of)s::timestamptz - %(quiet)s::interval
            )
        )
),

alert AS (
    SELECT DISTINCT ON (alert.subject_kind, alert.subject_key)
        alert.alert_id,
        alert.subject_kind,
        alert.subject_key
    FROM lotwatch.alert AS alert
    WHERE
        (alert.rule_id || '/' || alert.variant) = ANY(%(acting)s::text[]) AND alert.state IN ('open', 'acknowledged')
        AND NOT EXISTS (
            SELECT 1 FROM covered
            WHERE covered.subject_key = alert.subject_key
        )
    ORDER BY alert.subject_kind, alert.subject_key, alert.alert_id
),

concerned AS (
    SELECT
        alert.*,
        format('%%s:%%s:%%s', line.source, coalesce(line.order_number, line.source_key), line.site_id) AS document,
        line.item_id,
        line.site_id,
        line.supplier_id,
        line.outstanding AS quantity,
        line.due_on::text AS expected,
        line.order_number,
        NULL::text AS delivery_number,
        NULL::text AS carrier,
        NULL::text AS tracking_number
    FROM alert
    INNER JOIN lotwatch.order_line_open AS line
        ON alert.subject_kind = 'order_line' AND alert.subject_key = line.source || ':' || line.source_key
    UNION ALL
    SELECT
        alert.*,
        alert.subject_key AS document,
        part.item_id,
        coalesce(delivery.to_site_id, delivery.from_site_id) AS site_id,
        min(ordered.supplier_id) OVER (PARTITION BY delivery.delivery_id) AS supplier_id,
        CASE
            WHEN %(missing)s THEN part.quantity - part.received_quantity
            ELSE part.quantity
        END AS quantity,
        to_char(delivery.expected_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS expected,
        ordered.order_number,
        delivery.number AS delivery_number,
        delivery.carrier,
        delivery.tracking_number
    FROM alert
    INNER JOIN lotwatch.delivery AS delivery
        ON alert.subject_kind = 'shipment' AND alert.subject_key = delivery.source || ':' || delivery.source_key
    INNER JOIN lotwatch.delivery_line AS part
        ON delivery.delivery_id = part.delivery_id AND NOT (%(missing)s AND part.received_quantity >= part.quantity)
    LEFT JOIN lotwatch.purchase_order_line AS ordered
        ON part.order_line_key = ordered.source_key AND part.item_id = ordered.item_id
    UNION ALL
    -- of a supplier: what it owes the site that waits for most of it
    SELECT
        alert.*,
        alert.subject_key AS document,
        line.item_id,
        line.site_id,
        line.supplier_id,
        line.outstanding AS quantity,
        NULL::text AS expected,
        NULL::text AS order_number,
        NULL::text AS delivery_number,
        NULL::text AS carrier,
        NULL::text AS tracking_number
    FROM alert
    INNER JOIN lotwatch.supplier AS supplier ON alert.subject_kind = 'supplier' AND alert.subject_key = supplier.code
    CROSS JOIN
        LATERAL (
            SELECT awaited.site_id
            FROM lotwatch.order_line_open AS awaited
            WHERE awaited.supplier_id = supplier.supplier_id AND awaited.state = 'open'
            GROUP BY awaited.site_id
            ORDER BY count(*) DESC, awaited.site_id
            LIMIT 1
        ) AS most
    INNER JOIN lotwatch.order_line_open AS line
        ON supplier.supplier_id = line.supplier_id AND most.site_id = line.site_id AND line.state = 'open'
),

named AS (
    SELECT
        concerned.document,
        min(concerned.supplier_id) AS supplier_id,
        min(concerned.site_id) AS site_id,
        concat_ws(
            ' ', coalesce(min(concerned.delivery_number), min(concerned.order_number)),
            coalesce(min(concerned.carrier), min(supplier.name))
        ) AS about,
        jsonb_build_object(
            'document', concerned.document,
            'subject_kind', min(concerned.subject_kind),
            'expected', jsonb_object_agg(concerned.subject_key, concerned.expected),
            'order_number', min(concerned.order_number),
            'delivery_number', min(concerned.delivery_number),
            'carrier', min(concerned.carrier),
            'tracking_number', min(concerned.tracking_number)
        ) AS details
    FROM concerned
    LEFT JOIN lotwatch.supplier AS supplier ON concerned.supplier_id = supplier.supplier_id
    WHERE concerned.site_id IS NOT NULL
    GROUP BY concerned.document
),

header AS (
    INSERT INTO lotwatch.proposal (
        kind, supplier_id, site_id, currency, created_at, requested_by, cost, confidence, if_nobody_acts, details
    )
    SELECT
        'exception',
        named.supplier_id,
        named.site_id,
        'EUR',
        %(as_of)s,
        'exceptions',
        0,
        %(confidence)s,
        %(if_nobody_acts)s,
        %(details)s || named.details || jsonb_build_object(
            'what', jsonb_build_object('en', %(english)s || ': ' || named.about, 'zh', %(chinese)s || '：' || named.about)
        )
    FROM named
    RETURNING proposal_id, code, details
),

line AS (
    INSERT INTO lotwatch.proposal_line (
        proposal_id, item_id, alert_id, quantity, unit_price, requested_on, why
    )
    SELECT
        header.proposal_id,
        concerned.item_id,
        min(concerned.alert_id),
        greatest(1, sum(concerned.quantity)),
        0,
        ((%(as_of)s::timestamptz + %(within)s::interval) AT TIME ZONE 'UTC')::date,
        '{}'
    FROM header
    INNER JOIN concerned ON header.details ->> 'document' = concerned.document
    GROUP BY header.proposal_id, concerned.item_id
)

SELECT code FROM header
ORDER BY code;
