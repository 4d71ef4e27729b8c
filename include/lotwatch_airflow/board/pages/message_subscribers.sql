-- Whom were messages for, and by which channels did they go?
SELECT
    array_agg(DISTINCT subscriber ORDER BY subscriber) AS subscribers,
    array_agg(DISTINCT channel ORDER BY channel) AS channels
FROM lotwatch.message_delivery;
