"""### Does all that a recall case asks for, again and again until it is closed

**respond** works on one case, in one transaction: it writes down where every affected unit is (shelves, bins, departments,
consignment, on the way, set aside for somebody) and who used some, starts the clocks of our duties (`include/config/duties.yaml`),
writes the tasks of each site and department, and tells sites and suppliers by their critical channel. Whoever has not answered is
told again after the hours that `duties.yaml` gives the case's class. What is done stays done: run again, it adds what is new (stock
that moved or arrived, a notice that grew) and nothing twice. A worker that died between the hold and the messages loses nothing.

*When*: one run for each case, when `receive_notices` has opened or changed it, each hour (`watch_recalls`), and for a mock recall
(`drill_recall`), which touches no stock. By hand: give the case's code as the partition key, or as `case`
(`{"case": "RC-000001"}`).

*When it fails*: clear the task. The holds do not wait for it: they were placed before.
"""

from datetime import timedelta

from airflow.sdk import Param, PartitionedAssetTimetable, dag, task

from lotwatch_airflow.bells import CASES, OUTBOX, ring
from lotwatch_airflow.defaults import DEFAULTS
from lotwatch_airflow.job import job


@dag(
    schedule=PartitionedAssetTimetable(assets=CASES),
    params={"case": Param("", type="string", maxLength=20, title="Case / 案件")},
    doc_md=__doc__,
    tags=["recall"],
    max_active_runs=16,
    **DEFAULTS,
)
def respond_to_recall() -> None:
    @task(outlets=[OUTBOX], retries=5, retry_delay=timedelta(seconds=5), execution_timeout=timedelta(minutes=10))
    def respond() -> None:
        from airflow.sdk import get_current_context

        from lotwatch.delivery.people import load_people
        from lotwatch.jobs import recall_response as jobs

        context = get_current_context()
        with job(autocommit=True) as work:
            code = context["dag_run"].partition_key or context["params"]["case"]
            work.counts = jobs.respond(work.conn, work.context, code, load_people())
        ring(worth_it=work.counts.get("told", 0) > 0)

    respond()


respond_to_recall()
