-- A case, by its number or code. Nobody else changes it until the transaction ends.
SELECT
    opened.case_id,
    opened.code,
    opened.title,
    opened.recall_class,
    opened.action_kind,
    opened.said_action,
    opened.said_class,
    opened.said_over,
    opened.state
FROM lotwatch.recall_case AS opened
WHERE opened.case_id = %(case_id)s OR opened.code = %(code)s
FOR UPDATE;
