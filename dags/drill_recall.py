"""### A mock recall, each quarter: are we as fast as we must be?

**drill** opens a mock recall of class I about a lot that lies at many sites, another one each time, and wakes `respond_to_recall`
for it. Everything is as in a recall, tasks on phones, messages, reminders, the clock of the house, but that it is marked as a drill
and no stock is held or moved; suppliers are not told. How it went stands on the case's page: close it there, and keep the report.

*When*: on the second Tuesday of each quarter at 08:00 UTC, or by hand. *When it fails*: clear the task; the same run opens no second
one. Without any lot in stock there is nothing to practise with.
"""

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag, task

from lotwatch_airflow.bells import CASES, ring
from lotwatch_airflow.defaults import DEFAULTS
from lotwatch_airflow.job import job


@dag(
    schedule=CronTriggerTimetable("0 8 * 1,4,7,10 2#2", timezone="UTC"),
    doc_md=__doc__,
    tags=["recall"],
    max_active_runs=1,
    **DEFAULTS,
)
def drill_recall() -> None:
    @task(outlets=[CASES], retries=2, retry_delay=timedelta(seconds=30), execution_timeout=timedelta(minutes=5))
    def drill() -> None:
        from airflow.sdk import get_current_context

        from lotwatch.jobs import recall_response as jobs

        run = get_current_context()["dag_run"]
        with job() as work:
            code = jobs.start_drill(work.conn, work.context, run.start_date or run.run_after)
            work.counts = {"drills": 1}
        ring(cases=[code])

    drill()


drill_recall()
