-- Open a mock recall about a lot that lies at many sites: one of the twenty most widely spread, another one each time.
WITH spread AS (
    SELECT
        known.item_id,
        known.lot_id,
        count(DISTINCT place.site_id) AS sites
    FROM lotwatch.position AS known
    INNER JOIN lotwatch.location AS place ON known.location_id = place.location_id
    WHERE known.quantity > 0 AND known.lot_id <> 0 AND place.site_id IS NOT NULL
    GROUP BY known.item_id, known.lot_id
    ORDER BY sites DESC, known.item_id ASC, known.lot_id ASC
    LIMIT 20
),

chosen AS (
    SELECT
        item.item_id,
        lot.lot_id,
        item.code AS item_code,
        item.name AS item_name,
        item.legal_manufacturer,
        lot.number AS lot_number
    FROM spread
    INNER JOIN lotwatch.item AS item ON spread.item_id = item.item_id
    INNER JOIN lotwatch.lot AS lot ON spread.lot_id = lot.lot_id
    ORDER BY md5(spread.lot_id || %(at)s::timestamptz::date::text)
    LIMIT 1
),

opened AS (
    INSERT INTO lotwatch.recall_case (
        code, kind, origin, title, issuer, recall_class, action_kind, our_role, jurisdiction, opened_at, opened_by
    )
    SELECT
        'RD-' || lpad(nextval('lotwatch.recall_drill_number')::text, 6, '0'),
        'drill',
        'quality',
        chosen.item_code || ' ' || chosen.item_name || ', ' || chosen.lot_number,
        coalesce(chosen.legal_manufacturer, '-'),
        'I',
        'remove',
        'user',
        'any',
        %(at)s::timestamptz,
        %(by)s
    FROM chosen
    RETURNING case_id, code
),

judged AS (
    INSERT INTO lotwatch.recall_match (case_id, item_id, lot_id, verdict, reason, said, decided_by, decided_at)
    SELECT
        opened.case_id,
        chosen.item_id,
        chosen.lot_id,
        'affected',
        'drill',
        chosen.lot_number,
        %(by)s,
        %(at)s
    FROM opened
    CROSS JOIN chosen
)

SELECT
    opened.code,
    chosen.item_code,
    chosen.lot_number
FROM opened
CROSS JOIN chosen;
