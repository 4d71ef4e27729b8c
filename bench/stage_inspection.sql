-- Inspections of one lot in a hundred of a slice: one in ten failed (and holds its lot), one in ten is not decided.
INSERT INTO stage.inspection (
    batch_id, source_key, raw, errors, number, item_code, lot_number, state, opened_at, closed_at
)
SELECT
    %(batch_id)s,
    known.number,
    '{}',
    '{}',
    'QC-' || known.number,
    known.item_code,
    known.number || '-3',
    CASE mod(known.number, 300) WHEN 7 THEN 'failed' WHEN 37 THEN 'pending' ELSE 'passed' END,
    %(as_of)s::timestamptz - interval '20 days',
    CASE WHEN mod(known.number, 300) <> 37 THEN %(as_of)s::timestamptz - interval '10 days' END
FROM bench.item_site AS known
WHERE known.number >= %(first)s AND known.number < %(past)s AND mod(known.number, 30) = 7;
