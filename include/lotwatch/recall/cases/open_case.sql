-- A new case.
WITH next AS (
    SELECT nextval(pg_get_serial_sequence('lotwatch.recall_case', 'case_id')) AS case_id
)

INSERT INTO lotwatch.recall_case (
    case_id, code, kind, origin, title, issuer, recall_class, action_kind, only_advises, our_role, jurisdiction, opened_at, opened_by
)
SELECT
    next.case_id,
    'RC-' || to_char(next.case_id, 'FM000000'),
    'recall',
    %(origin)s,
    %(title)s,
    %(issuer)s,
    %(recall_class)s,
    %(action_kind)s,
    %(only_advises)s,
    %(our_role)s,
    %(jurisdiction)s,
    %(as_of)s,
    %(actor)s
FROM next
RETURNING case_id, code;
