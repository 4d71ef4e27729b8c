-- What is ordered or brought in place of a recalled item is looked up by that item, among all lines that ever were.
CREATE INDEX proposal_line_in_place_of ON lotwatch.proposal_line (((why ->> 'in_place_of')::bigint))
WHERE why ? 'in_place_of';
