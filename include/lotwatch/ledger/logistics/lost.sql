-- Which good documents of one kind of a batch are not in the ledger? None: a join that found no partner must never lose a record.
-- noqa: disable=PRS,RF01
SELECT staged.source_key
FROM {staged} AS staged
INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
LEFT JOIN {kept} AS kept ON batch.source = kept.source AND staged.source_key = kept.source_key
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{{}}' AND kept.source IS NULL
ORDER BY staged.source_key;
