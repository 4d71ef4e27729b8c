-- A new case, with the next number: without a gap, as one at a time opens cases and a dry run takes its number back.
INSERT INTO lotwatch.recall_case (
    code, kind, origin, title, issuer, recall_class, action_kind, only_advises, our_role, jurisdiction, opened_at,
    opened_by
)
SELECT
    'RC-' || to_char(coalesce(max(substr(known.code, 4)::bigint), 0) + 1, 'FM999000000'),
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
FROM lotwatch.recall_case AS known
WHERE known.kind = 'recall'
RETURNING case_id, code;
