"""### Has every open recall case looked at again, each hour

**announce** wakes `respond_to_recall`, once for each open case: what moved or arrived gets its tasks, clocks that events have met
stop, and whoever has not answered is told again when it is time.

*When*: each hour, or by hand. *When it fails*: clear the task; nothing is told twice.
"""

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag, task

from lotwatch_airflow.bells import CASES, ring
from lotwatch_airflow.defaults import DEFAULTS
from lotwatch_airflow.job import job


@dag(schedule=CronTriggerTimetable("25 * * * *", timezone="UTC"), doc_md=__doc__, tags=["recall"], **DEFAULTS)
def watch_recalls() -> None:
    @task(outlets=[CASES], retries=2, retry_delay=timedelta(seconds=30), execution_timeout=timedelta(minutes=5))
    def announce() -> None:
        from lotwatch.jobs import recall_response as jobs

        with job() as work:
            codes = jobs.open_codes(work.conn)
            work.counts = {"cases": len(codes)}
        ring(worth_it=bool(codes), cases=codes)

    announce()


watch_recalls()
