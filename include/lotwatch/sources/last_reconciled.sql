-- When was an entity of a source last reconciled?
SELECT reconciled_at
FROM lotwatch.source_reconciliation
WHERE source = %(source)s AND entity = %(entity)s;
