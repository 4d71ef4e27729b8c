-- Which case has this code? Whoever works on it does so alone.
SELECT
    case_id,
    code,
    kind,
    title,
    issuer,
    recall_class,
    action_kind,
    our_role,
    jurisdiction,
    state,
    opened_at,
    held_at
FROM lotwatch.recall_case
WHERE code = %(code)s
FOR UPDATE;
