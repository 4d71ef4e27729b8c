-- An item of which 200 lots lie at each of 200 sites made for it, and the open recall of class I that names them all.
WITH site AS (
    INSERT INTO lotwatch.location (location_id, code, name, kind, site_id)
    OVERRIDING SYSTEM VALUE
    SELECT
        place.location_id,
        'RECALL-' || place.number,
        'Site ' || place.number,
        'site',
        place.location_id AS site_id
    FROM (
        SELECT
            nextval(pg_get_serial_sequence('lotwatch.location', 'location_id')) AS location_id,
            n.number
        FROM generate_series(1, 200) AS n (number)
    ) AS place
    RETURNING location_id
),

item AS (
    INSERT INTO lotwatch.item (code, name, label_lot, label_serial, label_expiry, base_unit)
    VALUES ('RECALL', 'Recalled device', TRUE, FALSE, TRUE, 'piece')
    RETURNING item_id
),

lot AS (
    INSERT INTO lotwatch.lot (item_id, number)
    SELECT
        item.item_id,
        'R' || batch.number
    FROM item
    CROSS JOIN generate_series(1, 200) AS batch (number)
    RETURNING item_id, lot_id
),

lying AS (
    INSERT INTO lotwatch.position (item_id, location_id, lot_id, serial_id, owner, status, quantity)
    SELECT
        lot.item_id,
        site.location_id,
        lot.lot_id,
        0,
        'own',
        'unrestricted',
        10
    FROM lot
    CROSS JOIN site
),

opened AS (
    INSERT INTO lotwatch.recall_case (
        code, kind, origin, title, issuer, recall_class, action_kind, our_role, jurisdiction, opened_at, opened_by, held_at
    )
    VALUES (
        %(code)s, 'recall', 'quality', 'Recalled device', 'bench', 'I', 'remove', 'user', 'us', %(as_of)s, 'bench', %(as_of)s
    )
    RETURNING case_id
)

INSERT INTO lotwatch.recall_match (case_id, item_id, lot_id, verdict, reason, decided_by, decided_at)
SELECT
    opened.case_id,
    lot.item_id,
    lot.lot_id,
    'affected',
    'decided',
    'bench',
    %(as_of)s
FROM opened
CROSS JOIN lot;
