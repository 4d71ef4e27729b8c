-- What do the answers in force mean for the lines of these orders? How many lines changed?
-- Of several answers to a line the one that its supplier wrote last counts, whenever it came. Where the ERP has an item on
-- several lines, the parts go to them in the order of the days asked for: what comes first to what is wanted first.
WITH line AS (
    SELECT
        line.source,
        line.source_key,
        line.order_number,
        line.supplier_id,
        line.item_id,
        line.requested_on,
        sum(line.quantity) OVER lines - line.quantity AS begins,
        sum(line.quantity) OVER lines AS ends
    FROM lotwatch.purchase_order_line AS line
    WHERE line.order_number = ANY(%(order_numbers)s::text[]) AND line.state <> 'cancelled'
    WINDOW lines AS (PARTITION BY line.order_number, line.supplier_id, line.item_id ORDER BY line.requested_on, line.source_key)
),

newest AS (
    SELECT DISTINCT ON (asked.order_number, asked.supplier_id, asked.item_id)
        asked.order_number,
        asked.supplier_id,
        asked.item_id,
        answer.item_id AS said_of,
        answer.portal,
        answer.answer_number,
        answer.issued_at
    FROM (SELECT DISTINCT
        order_number,
        supplier_id,
        item_id
    FROM line) AS asked
    INNER JOIN lotwatch.order_confirmation AS answer
        ON
            asked.order_number = answer.order_number AND asked.supplier_id = answer.supplier_id
            AND (
                asked.item_id = answer.item_id
                -- the whole order; not a line of it whose item was not found
                OR (answer.line_number IS NULL AND answer.item_code IS NULL AND answer.state <> 'pending')
            )
    ORDER BY
        asked.order_number, asked.supplier_id, asked.item_id, answer.issued_at DESC, answer.item_id NULLS LAST,
        answer.order_confirmation_id DESC
),

part AS (
    SELECT
        newest.order_number,
        newest.supplier_id,
        newest.item_id,
        answer.state,
        answer.promised_on,
        coalesce(sum(answer.quantity) OVER before, 0) AS begins,
        -- all of it
        coalesce(coalesce(sum(answer.quantity) OVER before, 0) + answer.quantity, 9223372036854775807) AS ends
    FROM newest
    INNER JOIN lotwatch.order_confirmation AS answer
        ON
            newest.order_number = answer.order_number AND newest.supplier_id = answer.supplier_id
            AND newest.portal = answer.portal AND newest.answer_number = answer.answer_number
            AND newest.issued_at = answer.issued_at AND newest.said_of IS NOT DISTINCT FROM answer.item_id
            AND (
                answer.item_id IS NOT NULL
                OR (answer.line_number IS NULL AND answer.item_code IS NULL)
            )
    WINDOW before AS (
        PARTITION BY newest.order_number, newest.supplier_id, newest.item_id
        ORDER BY answer.state = 'rejected', answer.promised_on NULLS LAST, answer.order_confirmation_id
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
),

meant AS (
    SELECT
        line.source,
        line.source_key,
        coalesce(sum(share.quantity) FILTER (WHERE part.state = 'rejected'), 0)::bigint AS declined,
        array_agg(ROW(share.day, share.quantity)::lotwatch.dated_quantity ORDER BY share.day)
        FILTER (WHERE part.state IN ('accepted', 'changed')) AS confirmed
    FROM line
    LEFT JOIN part
        ON
            line.order_number = part.order_number AND line.supplier_id = part.supplier_id AND line.item_id = part.item_id
            AND part.begins < line.ends AND line.begins < part.ends
    LEFT JOIN LATERAL (
        SELECT
            CASE WHEN part.state = 'accepted' THEN coalesce(part.promised_on, line.requested_on) ELSE part.promised_on END AS day,
            (least(line.ends, part.ends) - greatest(line.begins, part.begins))::bigint AS quantity
    ) AS share ON TRUE
    GROUP BY line.source, line.source_key
),

changed AS (
    UPDATE lotwatch.purchase_order_line AS kept
    SET declined = meant.declined, confirmed = meant.confirmed
    FROM meant
    WHERE
        kept.source = meant.source AND kept.source_key = meant.source_key
        AND (kept.declined, kept.confirmed) IS DISTINCT FROM (meant.declined, meant.confirmed)
    RETURNING 1
)

SELECT count(*) FROM changed;
