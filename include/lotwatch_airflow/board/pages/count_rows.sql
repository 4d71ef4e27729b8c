-- How many rows are there in all?
SELECT count(*) AS all_rows FROM listed
