-- What the supplier will not deliver of an order (null: nothing of that item). Of which items is that new?
UPDATE lotwatch.proposal_line AS kept
SET
    declined = said.quantity,
    declined_at = CASE WHEN said.quantity > 0 THEN %(as_of)s::timestamptz END
FROM (
    SELECT
        line.proposal_id,
        line.item_id,
        item.code,
        least(coalesce(told.quantity, line.quantity), line.quantity) AS quantity
    FROM unnest(%(item_code)s::text[], %(quantity)s::bigint[]) AS told (item_code, quantity)
    INNER JOIN lotwatch.item AS item ON told.item_code = item.code
    INNER JOIN lotwatch.proposal_line AS line ON item.item_id = line.item_id
    WHERE line.proposal_id = %(proposal_id)s
) AS said
WHERE kept.proposal_id = said.proposal_id AND kept.item_id = said.item_id AND kept.declined <> said.quantity
RETURNING said.code;
