-- Excursions that what is known by now no longer shows.
UPDATE lotwatch.excursion
SET withdrawn = TRUE, recorded_at = now()
WHERE excursion_id = ANY(%(excursion_ids)s) AND NOT withdrawn;
