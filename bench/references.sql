-- Lots and order lines refer to others, and each row is looked up: how that is turned off and on.
SELECT
    format('ALTER TABLE %s DISABLE TRIGGER %I', look.tgrelid::regclass, look.tgname) AS turn_off,
    format('ALTER TABLE %s ENABLE TRIGGER %I', look.tgrelid::regclass, look.tgname) AS turn_on
FROM pg_trigger AS look
INNER JOIN pg_constraint AS reference ON look.tgconstraint = reference.oid AND look.tgrelid = reference.conrelid
WHERE
    reference.contype = 'f'
    AND look.tgrelid IN (
        'lotwatch.lot'::regclass, 'lotwatch.lot_statement'::regclass, 'lotwatch.purchase_order_line'::regclass
    );
