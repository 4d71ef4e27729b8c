-- Which of these batches exist, whose are they, and whose turn is it?
SELECT b.batch_id, b.source, b.state FROM lotwatch.batch AS b
WHERE b.batch_id = ANY (%(batch_ids)s)
ORDER BY b.batch_id;
