-- One row for each pair: new ones are proposed, proposed ones are brought up to date, decided ones stay as they were decided,
-- and what is no longer suggested is obsolete.
MERGE INTO lotwatch.match_suggestion AS known
USING suggested AS told
    ON
        known.system = told.system AND known.kind = told.kind AND known.their_code = told.their_code
        AND known.our_code = told.our_code
WHEN NOT MATCHED BY TARGET THEN
    INSERT (
        system, kind, their_code, our_code, score, reason, theirs, package_level, units_contained, waiting, first_seen,
        last_seen
    )
    VALUES (
        told.system, told.kind, told.their_code, told.our_code, told.score, told.reason, told.theirs,
        told.package_level, told.units_contained, told.waiting, %(as_of)s, %(as_of)s
    )
WHEN MATCHED AND known.state IN ('proposed', 'obsolete') THEN
    UPDATE SET
        state = 'proposed', score = told.score, reason = told.reason, theirs = told.theirs,
        package_level = told.package_level, units_contained = told.units_contained, waiting = told.waiting,
        last_seen = %(as_of)s
WHEN NOT MATCHED BY SOURCE AND known.state = 'proposed' THEN
    UPDATE SET state = 'obsolete'
RETURNING merge_action();
