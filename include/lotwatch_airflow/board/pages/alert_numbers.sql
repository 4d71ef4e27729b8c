-- Which are they, and of which sites?
SELECT
    alert_id,
    site_id
FROM listed
