-- What changed and waits to be evaluated? Taken off the queue: items go to `changed_item`, until the transaction ends.
WITH taken AS (
    DELETE FROM lotwatch.change
    RETURNING item_id
),

kept AS (
    INSERT INTO lotwatch.changed_item (item_id)
    SELECT DISTINCT item_id
    FROM taken
    WHERE item_id IS NOT NULL
    RETURNING item_id
)

SELECT
    (SELECT count(*) FROM kept) AS items,
    EXISTS (SELECT FROM taken WHERE item_id IS NULL) AS anything,
    (SELECT count(*) FROM lotwatch.item) AS known;
