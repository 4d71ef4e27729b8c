-- When a supplier declined: it is not asked for the same again at once.
ALTER TABLE lotwatch.proposal_line ADD COLUMN declined_at timestamptz;
COMMENT ON COLUMN lotwatch.proposal_line.declined_at IS
'when we learned what is declined of it by now; null: nothing is';

UPDATE lotwatch.proposal_line AS line
SET declined_at = coalesce(answer.recorded_at, ordered.created_at)
FROM lotwatch.proposal AS ordered
LEFT JOIN (
    SELECT
        known.order_number,
        max(known.recorded_at) AS recorded_at
    FROM lotwatch.order_confirmation AS known
    GROUP BY known.order_number
) AS answer ON ordered.erp_number = answer.order_number
WHERE line.proposal_id = ordered.proposal_id AND line.declined > 0;

ALTER TABLE lotwatch.proposal_line
ADD CONSTRAINT proposal_line_declined_at CHECK ((declined > 0) = (declined_at IS NOT NULL));
CREATE INDEX proposal_line_declined ON lotwatch.proposal_line (item_id) WHERE declined > 0;
