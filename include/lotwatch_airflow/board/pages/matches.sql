-- Which items may codes and identifiers be that nobody knows?
SELECT
    known.suggestion_id,
    known.system,
    known.kind AS match_kind,
    known.their_code,
    known.theirs,
    known.our_code AS item_code,
    item.name AS item_name,
    item.legal_manufacturer,
    item.registration_number,
    known.score,
    known.reason,
    known.package_level,
    known.units_contained,
    known.waiting,
    known.state,
    known.first_seen,
    known.last_seen,
    known.decided_by,
    known.decided_at,
    known.note
FROM lotwatch.match_suggestion AS known
LEFT JOIN lotwatch.item AS item ON known.our_code = item.code
WHERE
    (%(state)s = 'all' OR known.state = %(state)s)
    AND (%(suggestion)s::bigint IS NULL OR known.suggestion_id = %(suggestion)s)
    AND (%(system)s::text IS NULL OR known.system = %(system)s)
    AND (%(match_kind)s::text IS NULL OR known.kind = %(match_kind)s)
    AND (
        %(text)s::text IS NULL
        OR strpos(
            lower(concat_ws(' ', known.their_code, known.theirs::text, known.our_code, item.name)), lower(%(text)s)
        ) > 0
    )
