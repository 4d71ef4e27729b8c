-- The notices of a case.
SELECT told.notice_id
FROM lotwatch.recall_case_notice AS told
WHERE told.case_id = %(case_id)s;
