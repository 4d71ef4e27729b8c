-- Which open cases that ask for a date have got one, and what was said? Of each order line a confirmation that was written since, another
-- day, or nothing more to come; of each delivery another time of arrival, or its end.
WITH asked AS (
    SELECT
        task.task_id,
        task.opened_at,
        task.details ->> 'subject_kind' AS subject_kind,
        about.subject_key,
        about.expected
    FROM lotwatch.task AS task
    CROSS JOIN LATERAL jsonb_each_text(task.details -> 'expected') AS about (subject_key, expected)
    WHERE task.state = 'open' AND task.kind = 'exception' AND task.details ->> 'asks' = 'date'
),

news AS (
    SELECT
        asked.task_id,
        CASE
            WHEN line.source_key IS NULL THEN asked.subject_key || ': nothing more is to come'
            WHEN line.due_on::text <> coalesce(asked.expected, '')
                THEN coalesce(line.order_number, asked.subject_key) || ': ' || line.due_on
            WHEN answer.answer_number IS NOT NULL THEN line.order_number || ': ' || answer.answer_number
        END AS said
    FROM asked
    LEFT JOIN lotwatch.order_line_open_live AS line ON asked.subject_key = line.source || ':' || line.source_key
    LEFT JOIN LATERAL (
        SELECT known.answer_number
        FROM lotwatch.order_confirmation AS known
        WHERE
            known.order_number = line.order_number AND known.supplier_id = line.supplier_id
            AND (known.item_id = line.item_id OR (known.line_number IS NULL AND known.item_code IS NULL))
            AND known.state <> 'pending' AND known.issued_at > asked.opened_at
        ORDER BY known.issued_at DESC
        LIMIT 1
    ) AS answer ON TRUE
    WHERE asked.subject_kind = 'order_line'
    UNION ALL
    SELECT
        asked.task_id,
        CASE
            WHEN delivery.cancelled_at IS NOT NULL THEN asked.subject_key || ': cancelled'
            WHEN delivery.delivered_at IS NOT NULL THEN asked.subject_key || ': arrived'
            WHEN to_char(delivery.expected_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') <> coalesce(asked.expected, '')
                THEN
                    coalesce(delivery.number, asked.subject_key) || ': '
                    || to_char(delivery.expected_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC'
        END AS said
    FROM asked
    INNER JOIN lotwatch.delivery AS delivery ON asked.subject_key = delivery.source || ':' || delivery.source_key
    WHERE asked.subject_kind = 'shipment'
)

SELECT
    news.task_id,
    left(string_agg(DISTINCT news.said, '; ' ORDER BY news.said), 500) AS said
FROM news
GROUP BY news.task_id
HAVING bool_and(news.said IS NOT NULL)
ORDER BY news.task_id;
