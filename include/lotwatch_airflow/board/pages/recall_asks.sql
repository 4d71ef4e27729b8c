-- What do the words of the case's notices ask for, as they say now?
SELECT
    ask.kind,
    ask.said,
    latest.number AS notice_number,
    latest.notice_id
FROM lotwatch.recall_case_notice AS told
INNER JOIN lotwatch.notice_current AS latest ON told.notice_id = latest.notice_id
INNER JOIN lotwatch.recall_ask AS ask ON latest.version_id = ask.version_id
WHERE told.case_id = %(case_id)s AND latest.action_kind IS NULL
ORDER BY array_position(ARRAY['remove', 'correct', 'inspect', 'unclear', 'advise'], ask.kind), latest.number, ask.ask_no
LIMIT 20
