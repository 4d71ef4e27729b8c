-- Which of these batches exist, whose are they, whose turn is it, and what has a person accepted of them?
SELECT b.batch_id, b.source, b.state, b.accepted_share FROM lotwatch.batch AS b
WHERE b.batch_id = ANY (%(batch_ids)s)
ORDER BY b.batch_id;
