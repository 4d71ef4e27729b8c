-- How did the find of this request stand?
SELECT standing
FROM lotwatch.recall_find
WHERE request_id = %(request_id)s;
