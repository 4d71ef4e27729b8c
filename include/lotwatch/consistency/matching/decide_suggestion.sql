-- A person has decided; with a confirmed one, the others for the same code have no use any more.
UPDATE lotwatch.match_suggestion AS known
SET
    state = CASE WHEN known.suggestion_id = %(suggestion)s THEN %(state)s ELSE 'obsolete' END,
    decided_by = CASE WHEN known.suggestion_id = %(suggestion)s THEN %(by)s END,
    decided_at = CASE WHEN known.suggestion_id = %(suggestion)s THEN %(as_of)s::timestamptz END,
    note = CASE WHEN known.suggestion_id = %(suggestion)s THEN %(note)s END
FROM lotwatch.match_suggestion AS chosen
WHERE
    chosen.suggestion_id = %(suggestion)s AND known.state = 'proposed'
    AND (
        known.suggestion_id = chosen.suggestion_id
        OR (
            %(state)s = 'confirmed' AND known.system = chosen.system AND known.kind = chosen.kind
            AND known.their_code = chosen.their_code
        )
    );
