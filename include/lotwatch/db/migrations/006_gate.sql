-- What the gate may rely on beside master data: good records that wait to be posted (their batch is staged or judged,
-- their verdict has no error). Each view has one row for each key, the latest, so that a rule that joins it counts
-- every staged row once. Rules join these and the master tables side by side: one view over both would be a union,
-- into which PostgreSQL cannot look up a single event's key.

CREATE VIEW lotwatch.waiting_supplier AS
SELECT DISTINCT s.code
FROM lotwatch.batch AS b
JOIN stage.supplier AS s ON s.batch_id = b.batch_id
WHERE b.state IN ('staged', 'judged') AND s.errors = '{}';

CREATE VIEW lotwatch.waiting_item AS
SELECT DISTINCT ON (i.code) i.code, i.label_lot, i.label_serial, i.label_expiry
FROM lotwatch.batch AS b
JOIN stage.item AS i ON i.batch_id = b.batch_id
WHERE b.state IN ('staged', 'judged') AND i.errors = '{}'
ORDER BY i.code, i.batch_id DESC, i.record_no DESC;

CREATE VIEW lotwatch.waiting_location AS
SELECT DISTINCT ON (l.code) l.code, l.kind
FROM lotwatch.batch AS b
JOIN stage.location AS l ON l.batch_id = b.batch_id
WHERE b.state IN ('staged', 'judged') AND l.errors = '{}'
ORDER BY l.code, l.batch_id DESC, l.record_no DESC;

CREATE VIEW lotwatch.waiting_lot AS
SELECT DISTINCT l.item_code, l.lot_number
FROM lotwatch.batch AS b
JOIN stage.lot AS l ON l.batch_id = b.batch_id
WHERE b.state IN ('staged', 'judged') AND l.errors = '{}' AND l.lot_number IS NOT NULL;

CREATE VIEW lotwatch.waiting_serial AS
SELECT DISTINCT l.item_code, l.serial_number
FROM lotwatch.batch AS b
JOIN stage.lot AS l ON l.batch_id = b.batch_id
WHERE b.state IN ('staged', 'judged') AND l.errors = '{}' AND l.serial_number IS NOT NULL;

-- Locations that would be their own ancestor once everything that waits is posted: whoever walks up the tree
-- would never arrive.
CREATE VIEW lotwatch.location_loop AS
WITH RECURSIVE told AS (
    SELECT DISTINCT ON (t.code) t.code, t.parent_code
    FROM (
        SELECT s.code, s.parent_code, s.batch_id, s.record_no
        FROM lotwatch.batch AS b
        JOIN stage.location AS s ON s.batch_id = b.batch_id
        WHERE b.state IN ('staged', 'judged')
        UNION ALL
        SELECT l.code, p.code, 0, 0
        FROM lotwatch.location AS l
        JOIN lotwatch.location AS p ON p.location_id = l.parent_id
    ) AS t
    ORDER BY t.code, t.batch_id DESC, t.record_no DESC
),

ancestor AS (
    SELECT t.code, t.parent_code AS ancestor_code
    FROM told AS t
    WHERE t.parent_code IS NOT NULL
    UNION
    SELECT a.code, t.parent_code
    FROM ancestor AS a
    JOIN told AS t ON t.code = a.ancestor_code
    WHERE t.parent_code IS NOT NULL
)

SELECT a.code FROM ancestor AS a WHERE a.code = a.ancestor_code;

-- Does the check digit of a GTIN hold (GS1 General Specifications 7.9: weights 3 and 1 from the right, modulo 10)?
-- Codes that are not shaped like a GTIN (8, 12, 13 or 14 digits) have none, so nothing is wrong with it.
CREATE FUNCTION lotwatch.gs1_check_digit_holds(code text) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE
    WHEN code ~ '^([0-9]{8}|[0-9]{12,14})$' THEN (
        SELECT sum(d.digit::integer * CASE WHEN d.place % 2 = 1 THEN 3 ELSE 1 END) % 10 = 0
        FROM string_to_table(lpad(code, 14, '0'), NULL) WITH ORDINALITY AS d (digit, place)
    )
    ELSE true
END;
