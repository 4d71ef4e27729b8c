-- Suppliers, as a sync stages them.
INSERT INTO stage.supplier (batch_id, source_key, raw, errors, code, name, active)
SELECT
    %(batch_id)s,
    n.number,
    '{}',
    '{}',
    'SUPPLIER-' || n.number,
    'Supplier ' || n.number,
    true
FROM generate_series(0, %(suppliers)s - 1) AS n (number);
