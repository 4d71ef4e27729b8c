-- How many lots and units of the case are affected, how many are not, how many wait for a person?
SELECT
    verdict,
    count(*) AS subjects,
    count(DISTINCT item_id) AS items
FROM lotwatch.recall_match_current
WHERE case_id = %(case_id)s
GROUP BY verdict
ORDER BY verdict
