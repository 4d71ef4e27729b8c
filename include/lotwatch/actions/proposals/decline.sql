-- What the supplier will not deliver of an order (null: nothing of that item). Of which items is that new?
UPDATE lotwatch.proposal_line AS kept
SET declined = least(coalesce(said.quantity, kept.quantity), kept.quantity)
FROM (
    SELECT
        item.item_id,
        item.code,
        told.quantity
    FROM unnest(%(item_code)s::text[], %(quantity)s::bigint[]) AS told (item_code, quantity)
    INNER JOIN lotwatch.item AS item ON told.item_code = item.code
) AS said
WHERE
    kept.proposal_id = %(proposal_id)s AND kept.item_id = said.item_id
    AND kept.declined <> least(coalesce(said.quantity, kept.quantity), kept.quantity)
RETURNING said.code;
