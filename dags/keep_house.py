"""### Keeps the ledger in order, every night

**make_partitions** makes the parts of the movement table for the coming three months. **take_snapshot** keeps the stock
of the first moment of the month, from which past days are shown quickly. **verify** compares positions, item totals,
serial numbers and receipts with the movements. **tell_waiting** tells ops once a day what has waited in quarantine for
more than a day. **forget** removes what providers told of messages more than 400 days ago, because it names people.

*When*: every night at 01:30 UTC. *When it fails*: in **verify**, the ledger and its movements disagree, which must not
happen: the message names the first differences. `lotwatch ledger verify` lists them all; `lotwatch ledger rebuild` derives
the positions anew while nothing is posted; then find what wrote past the ledger. In the others, clear the task: each does
only what is missing, and movements are safe without a part of their own: they wait in the default one.
*Backfill*: takes the snapshots of past months.
"""

from datetime import timedelta

from airflow.sdk import CronDataIntervalTimetable, dag, task

from lotwatch_airflow.defaults import DEFAULTS
from lotwatch_airflow.job import job


@dag(
    schedule=CronDataIntervalTimetable("30 1 * * *", timezone="UTC"),
    doc_md=__doc__,
    tags=["house"],
    max_active_runs=1,
    **DEFAULTS,
)
def keep_house() -> None:
    @task(retries=2, retry_delay=timedelta(minutes=1), execution_timeout=timedelta(minutes=10))
    def make_partitions() -> None:
        from lotwatch.jobs import house as jobs

        with job() as work:
            work.counts = jobs.make_partitions(work.conn, work.context)

    @task(retries=2, retry_delay=timedelta(minutes=1), execution_timeout=timedelta(hours=1))
    def take_snapshot() -> None:
        from lotwatch.jobs import house as jobs

        with job(autocommit=True) as work:
            work.counts = jobs.take_snapshot(work.conn, work.context)

    @task(retries=1, retry_delay=timedelta(minutes=5), execution_timeout=timedelta(hours=1))
    def verify() -> None:
        from lotwatch.jobs import house as jobs

        with job() as work:
            work.counts = jobs.verify(work.conn, work.context)

    @task(retries=2, retry_delay=timedelta(minutes=1), execution_timeout=timedelta(minutes=10))
    def tell_waiting() -> None:
        from lotwatch.jobs import quality as jobs

        with job() as work:
            work.counts = jobs.tell_waiting(work.conn, work.context)

    @task(retries=2, retry_delay=timedelta(minutes=1), execution_timeout=timedelta(minutes=30))
    def forget() -> None:
        from lotwatch.jobs import house as jobs

        with job() as work:
            work.counts = jobs.forget(work.conn, work.context)

    make_partitions() >> take_snapshot() >> verify()
    tell_waiting()
    forget()


keep_house()
