-- What may be what?
SELECT
    known.suggestion_id,
    known.system,
    known.kind,
    known.their_code,
    known.our_code,
    item.name AS item_name,
    known.score,
    known.reason,
    known.theirs,
    known.package_level,
    known.units_contained,
    known.waiting,
    known.state,
    known.first_seen,
    known.decided_by,
    known.decided_at,
    known.note
FROM lotwatch.match_suggestion AS known
LEFT JOIN lotwatch.item AS item ON known.our_code = item.code
WHERE
    (%(state)s::text IS NULL OR known.state = %(state)s)
    AND (%(suggestion)s::bigint IS NULL OR known.suggestion_id = %(suggestion)s)
ORDER BY known.waiting DESC, known.score DESC, known.suggestion_id
LIMIT %(limit)s;
