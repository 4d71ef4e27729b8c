-- Which cases' items have lots, units or stock without numbers that came to be known after they were compared? Of each, one
-- of its notices.
WITH meant AS (
    SELECT DISTINCT
        known.case_id,
        known.item_id
    FROM lotwatch.recall_match AS known
    INNER JOIN lotwatch.recall_case AS opened ON known.case_id = opened.case_id
    WHERE opened.kind = 'recall'
),

new AS (
    SELECT meant.case_id
    FROM meant
    INNER JOIN lotwatch.lot AS lot ON meant.item_id = lot.item_id
    WHERE
        NOT EXISTS (
            SELECT FROM lotwatch.recall_match AS judged
            WHERE judged.case_id = meant.case_id AND judged.item_id = lot.item_id AND judged.lot_id = lot.lot_id
        )
    UNION
    SELECT meant.case_id
    FROM meant
    INNER JOIN lotwatch.serial_unit AS unit ON meant.item_id = unit.item_id
    WHERE
        NOT EXISTS (
            SELECT FROM lotwatch.recall_match AS judged
            WHERE
                judged.case_id = meant.case_id AND judged.item_id = unit.item_id
                AND (judged.serial_id = unit.serial_id OR (judged.lot_id = unit.lot_id AND judged.serial_id = 0))
        )
    UNION
    SELECT meant.case_id
    FROM meant
    INNER JOIN lotwatch.position AS lying ON meant.item_id = lying.item_id
    WHERE
        lying.lot_id = 0 AND lying.serial_id = 0 AND lying.quantity <> 0
        AND NOT EXISTS (
            SELECT FROM lotwatch.recall_match AS judged
            WHERE judged.case_id = meant.case_id AND judged.item_id = lying.item_id AND judged.lot_id = 0 AND judged.serial_id = 0
        )
)

SELECT min(told.notice_id) AS notice_id
FROM new
INNER JOIN lotwatch.recall_case_notice AS told ON new.case_id = told.case_id
GROUP BY new.case_id;
