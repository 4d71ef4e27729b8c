"""### Computes what levels are right for every item at every site

**plan** takes the usage of the last year and the lead times suppliers really had, as of the run's moment, and appends the
policies that changed (reorder point, safety stock, target, maximum); nothing is overwritten, so the history of a level is
its change log. It also measures how each supplier delivered in the last 90 days and the year before (`fact_supplier`).
**announce** wakes `watch_inventory`.

*When*: every night at 02:00 UTC, or by hand after a large change. *When it fails*: clear the task; planning again writes
only what differs. *Backfill*: plans past days from what had happened by then, and wakes nobody.
"""

from datetime import timedelta

from airflow.sdk import CronDataIntervalTimetable, dag, task

from lotwatch_airflow.bells import POLICIES, ring
from lotwatch_airflow.defaults import DEFAULTS
from lotwatch_airflow.job import job


@dag(
    schedule=CronDataIntervalTimetable("0 2 * * *", timezone="UTC"),
    doc_md=__doc__,
    tags=["planning"],
    max_active_runs=1,
    **DEFAULTS,
)
def plan_policies() -> None:
    @task(retries=2, retry_delay=timedelta(seconds=10), execution_timeout=timedelta(hours=1))
    def plan() -> None:
        from lotwatch.jobs import watch as jobs
        from lotwatch.planning import PlanSettings

        with job() as work:
            work.counts = jobs.plan(work.conn, work.context, PlanSettings())

    @task(outlets=[POLICIES], retries=1, execution_timeout=timedelta(minutes=5))
    def announce() -> None:
        ring()

    plan() >> announce()


plan_policies()
