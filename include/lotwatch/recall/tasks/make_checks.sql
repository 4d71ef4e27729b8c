-- Ask a sample of the places that had a task, the same for the same case: at least one.
WITH place AS (
    SELECT
        task.place_id,
        min(task.site_id) AS site_id,
        row_number() OVER (ORDER BY md5(task.case_id || ':' || task.place_id)) AS number,
        count(*) OVER () AS places
    FROM lotwatch.recall_task AS task
    WHERE task.case_id = %(case_id)s AND task.kind <> 'effectiveness' AND task.state <> 'cancelled'
    GROUP BY task.case_id, task.place_id
)

INSERT INTO lotwatch.recall_task (case_id, kind, place_id, site_id, due_at, made_at)
SELECT
    %(case_id)s,
    'effectiveness',
    place.place_id,
    place.site_id,
    %(due_at)s,
    %(made_at)s
FROM place
WHERE place.number <= ceil(place.places * %(percent)s / 100.0)
ON CONFLICT (case_id, kind, place_id) DO NOTHING;
