-- Which holds in force did a check place?
SELECT hold_id FROM lotwatch.hold
WHERE cause = 'quality' AND reference = %(reference)s AND released_at IS NULL
ORDER BY hold_id;
