"""One DAG for each source of `include/config/sources.yaml`: sync_<source>."""

from datetime import timedelta
from typing import Any

from airflow.sdk import CronDataIntervalTimetable, dag, task

from lotwatch.sources.registry import Source, load_sources
from lotwatch_airflow.bells import INVENTORY, ring
from lotwatch_airflow.defaults import DEFAULTS
from lotwatch_airflow.job import job

MANUAL = """
### Reads what changed in `{name}` and brings it into the ledger

**pull** reads the pages that changed since the last cursor (connection `{connection}`) into a new batch; cursor and rows
are kept in one transaction, so a pull that fails half-way left nothing and starts where it did.
**reconcile** asks once a day for all that the source still has, where it can tell (`reconcile_hours`), and withdraws what
vanished there; what it finds goes through the gate of the next run. It fails, and withdraws nothing of an entity, when
more of it vanished than can be believed (`vanishing`); the rest of the run goes on.
**gate** lets Great Expectations judge the batch by the suites in `expectations/`: bad rows go to quarantine with their
reasons, and ops is told of new ones. **post** brings the good rows into the ledger, each source event once for ever.
**announce** wakes `watch_inventory`.

*When it fails*: the last line of the task's log says what is wrong and what to do. Clear the failed task, or wait for the
next run: both take up what is left. A batch that the gate stopped is shown on the Data quality page.

*Backfill*: reads what was last changed within each interval; moves no cursor and wakes no other DAG.
"""


def sync(name: str, source: Source, schedule: str) -> None:
    @dag(
        dag_id=f"sync_{name}",
        schedule=CronDataIntervalTimetable(schedule, timezone="UTC"),
        doc_md=MANUAL.format(name=name, connection=source.connection),
        tags=["sync", name],
        max_active_runs=4,
        **DEFAULTS,
    )
    def build() -> None:
        @task(retries=3, retry_delay=timedelta(seconds=20), execution_timeout=timedelta(hours=1))
        def pull() -> None:
            from lotwatch.jobs import sync as jobs
            from lotwatch_airflow.systems import source_connector

            with job() as work:
                work.counts = jobs.pull(work.conn, work.context, name, source_connector(name), work.interval)

        @task(retries=2, retry_delay=timedelta(seconds=20), execution_timeout=timedelta(hours=1))
        def reconcile() -> None:
            from lotwatch.jobs import sync as jobs
            from lotwatch_airflow.systems import source_connector

            with job(autocommit=True) as work:
                if work.interval is None:
                    work.counts = jobs.reconcile(work.conn, work.context, name, source, source_connector(name))

        @task(retries=2, retry_delay=timedelta(seconds=20), execution_timeout=timedelta(hours=1))
        def gate() -> None:
            from lotwatch.jobs import sync as jobs
            from lotwatch_airflow.defaults import data_docs

            with job(autocommit=True) as work:
                work.counts = jobs.gate(work.conn, work.context, name, data_docs(), jobs.thresholds(source))

        @task(retries=3, retry_delay=timedelta(seconds=5), execution_timeout=timedelta(hours=1))
        def post() -> dict[str, int]:
            from lotwatch.jobs import sync as jobs

            with job(autocommit=True) as work:
                work.counts = jobs.post(work.conn, work.context, name)
                return work.counts

        @task(outlets=[INVENTORY], retries=1, execution_timeout=timedelta(minutes=5))
        def announce(posted: Any) -> None:
            ring(worth_it=any(posted.values()))

        posted = post()
        read = pull()
        read >> gate() >> posted
        read >> reconcile()
        announce(posted)

    build()


for name, source in load_sources().items():
    if source.schedule is not None:
        sync(name, source, source.schedule)
