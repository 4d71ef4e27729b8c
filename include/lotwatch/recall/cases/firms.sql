-- Who recalls?
SELECT DISTINCT unnest(reading.firms) AS firm
FROM lotwatch.recall_reading AS reading;
