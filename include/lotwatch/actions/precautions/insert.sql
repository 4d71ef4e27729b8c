-- A proposal to hold each lot that an open alert of a rule that asks for it is about, with all that lies of it anywhere; of several
-- alerts the gravest says why. Not where the lot is held as a whole for its quality, a recall or as a precaution, nor where that is
-- proposed, or was proposed or released only just now.
WITH concerned AS (
    SELECT DISTINCT ON (lot.lot_id)
        alert.alert_id,
        lot.item_id,
        lot.lot_id,
        %(titles)s::jsonb -> alert.rule_id AS title,
        (
            SELECT string_agg(told.key || ' ' || told.value, ', ' ORDER BY told.key)
            FROM jsonb_each_text(alert.evidence) AS told
        ) AS evidence
    FROM lotwatch.alert AS alert
    INNER JOIN lotwatch.lot AS lot
        ON (alert.subject ->> 'item_id')::bigint = lot.item_id AND alert.subject ->> 'lot_number' = lot.number
    WHERE
        (alert.rule_id || '/' || alert.variant) = ANY(%(acting)s::text[]) AND alert.state IN ('open', 'acknowledged')
        AND NOT EXISTS (
            SELECT 1 FROM lotwatch.hold AS hold
            WHERE
                hold.item_id = lot.item_id AND (hold.lot_id = lot.lot_id OR hold.lot_id IS NULL)
                AND hold.serial_id IS NULL AND hold.location_id IS NULL AND hold.released_at IS NULL
                AND hold.cause IN ('quality', 'recall', 'precaution')
        )
        AND NOT EXISTS (
            SELECT 1
            FROM lotwatch.proposal_line AS line
            INNER JOIN lotwatch.proposal AS known ON line.proposal_id = known.proposal_id
            WHERE
                line.item_id = lot.item_id AND line.lot_id = lot.lot_id AND known.kind = 'hold'
                AND NOT known.details ? 'confirms'
                AND (
                    EXISTS (
                        SELECT 1 FROM lotwatch.proposal_alive AS alive
                        WHERE alive.proposal_id = known.proposal_id
                    )
                    OR known.created_at > %(as_of)s::timestamptz - %(quiet)s::interval
                    OR EXISTS (
                        SELECT 1 FROM lotwatch.hold AS ours
                        WHERE
                            ours.reference = known.code
                            AND ours.released_at > %(as_of)s::timestamptz - %(quiet)s::interval
                    )
                )
        )
    ORDER BY lot.lot_id, array_position(ARRAY['critical', 'warning', 'info'], alert.severity), alert.alert_id
),

-- the site where most of it lies asks
lying AS (
    SELECT
        concerned.*,
        stock.site_id,
        stock.physical,
        stock.usable
    FROM concerned
    INNER JOIN
        LATERAL (
            SELECT
                state.site_id,
                sum(sum(state.quantity)) OVER ()::bigint AS physical,
                sum(sum(state.quantity) FILTER (WHERE state.status = 'unrestricted' AND state.sound)) OVER () AS usable
            FROM lotwatch.stock_state AS state
            WHERE state.item_id = concerned.item_id AND state.lot_id = concerned.lot_id
            GROUP BY state.site_id
            ORDER BY sum(state.quantity) DESC, state.site_id
            LIMIT 1
        ) AS stock
        ON stock.physical > 0
),

header AS (
    INSERT INTO lotwatch.proposal (
        kind, site_id, currency, created_at, requested_by, cost, alternatives, if_nobody_acts, details
    )
    SELECT
        'hold',
        lying.site_id,
        'EUR',
        %(as_of)s,
        'precautions',
        0,
        %(alternatives)s,
        jsonb_build_object(
            'en', format('%%s units of it can be picked and used', coalesce(lying.usable, 0)),
            'zh', format('其中 %%s 件仍可拣选和使用', coalesce(lying.usable, 0))
        ),
        jsonb_build_object(
            'alert_id', lying.alert_id,
            'reason', format('%%s (%%s)', lying.title ->> 'en', lying.evidence),
            'what', jsonb_build_object(
                'en', 'Hold the lot wherever it is: ' || (lying.title ->> 'en'),
                'zh', '隔离该批次（所有地点）：' || (lying.title ->> 'zh')
            )
        )
    FROM lying
    RETURNING proposal_id, code, details
),

line AS (
    INSERT INTO lotwatch.proposal_line (
        proposal_id, item_id, lot_id, alert_id, quantity, unit_price, requested_on, why
    )
    SELECT
        header.proposal_id,
        lying.item_id,
        lying.lot_id,
        lying.alert_id,
        lying.physical,
        0,
        (%(as_of)s::timestamptz AT TIME ZONE 'UTC')::date,
        '{}'
    FROM header
    INNER JOIN lying ON (header.details ->> 'alert_id')::bigint = lying.alert_id
)

SELECT
    code,
    details ->> 'reason' AS reason
FROM header
ORDER BY code;
