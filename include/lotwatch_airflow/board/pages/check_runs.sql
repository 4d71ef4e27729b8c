-- What did the last runs of a check find, past days that were looked at later included?
SELECT DISTINCT ON (as_of)
    as_of,
    state,
    examined,
    found,
    fresh,
    quantity,
    value,
    milliseconds,
    error,
    backfilled
FROM lotwatch.check_result
WHERE check_id = %(check_id)s
ORDER BY as_of DESC, result_id DESC
LIMIT %(runs)s
