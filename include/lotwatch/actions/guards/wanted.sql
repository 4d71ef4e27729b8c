-- Which picks are for nobody, or for more than somebody still waits for: the order was served, set aside for or cancelled
-- meanwhile, or an approver raised the quantity?
WITH part AS (
    SELECT
        part.proposal_id,
        part.item_id,
        part.source,
        part.demand_line_key,
        sum(part.quantity)::bigint AS quantity
    FROM lotwatch.pick_part AS part
    WHERE part.proposal_id = ANY(%(proposals)s::bigint[]) AND part.kept AND NOT part.told
    GROUP BY part.proposal_id, part.item_id, part.source, part.demand_line_key
),

waiting AS (
    SELECT
        part.proposal_id,
        part.item_id,
        sum(least(part.quantity, greatest(wanted.outstanding - wanted.set_aside - earlier.quantity, 0)))::bigint AS quantity
    FROM part
    INNER JOIN lotwatch.demand_line_open AS wanted
        ON part.source = wanted.source AND part.demand_line_key = wanted.source_key
    CROSS JOIN
        LATERAL (
            SELECT coalesce(sum(other.quantity), 0)::bigint AS quantity
            FROM lotwatch.pick_in_force AS other
            WHERE
                other.proposal_id < part.proposal_id AND other.source = part.source
                AND other.demand_line_key = part.demand_line_key
        ) AS earlier
    GROUP BY part.proposal_id, part.item_id
),

line AS (
    SELECT
        ahead.proposal_id,
        ahead.item_id,
        sum(ahead.quantity)::bigint AS quantity
    FROM lotwatch.proposal_line_ahead AS ahead
    WHERE ahead.proposal_id = ANY(%(proposals)s::bigint[])
    GROUP BY ahead.proposal_id, ahead.item_id
)

SELECT
    proposal.proposal_id,
    proposal.code,
    item.item_id,
    item.code AS item_code,
    format(
        '%%s: %%s would be picked, and its orders wait for %%s of them.',
        item.code, line.quantity, coalesce(waiting.quantity, 0)
    ) AS reason,
    format(
        '%%s：将拣 %%s，而订单只需其中 %%s。', item.code, line.quantity, coalesce(waiting.quantity, 0)
    ) AS reason_zh
FROM lotwatch.proposal AS proposal
INNER JOIN line ON proposal.proposal_id = line.proposal_id
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
LEFT JOIN waiting ON line.proposal_id = waiting.proposal_id AND line.item_id = waiting.item_id
WHERE proposal.kind = 'pick' AND line.quantity > coalesce(waiting.quantity, 0)
ORDER BY proposal.proposal_id, item.code;
