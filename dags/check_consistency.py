"""### Compares the systems with one another, every day, and tells ops what is new

**fill_items** completes items from the device records of their identifiers: class, manufacturer, registration, identifiers
of packages; only what the ERP does not say, with its provenance (*Matches* page). **suggest_matches** looks for what
unmatched codes and items without an identifier may be; somebody confirms or rejects them on the *Matches* page, and nothing
is matched by itself. **check** runs every check (the warehouse's stock against ours and the ERP's, orders against receipts,
deliveries, codes nobody knows, labels against device records, lapsed registrations, silent sources, ...), opens what is new,
resolves what is gone, adds a point to each check's trend, and sends ops one message a day with what is new.

*When*: every day at 04:30 UTC, or by hand. What to do about a finding stands on the *Consistency* page above the list; what
is right as it is can be accepted there until a day, and comes back when it grows.

*When it fails*: clear the task; running again changes nothing that was found. A check that cannot be run does not fail the
task: it is told as broken with its error, in the message and on the page, and the others go on.

*Backfill*: asks of each past day what can be asked of it (stock below zero, without lot, in two places) and adds that to the
trends. It touches no finding, completes and suggests nothing, and tells nobody.
"""

from datetime import timedelta

from airflow.sdk import CronDataIntervalTimetable, dag, task

from lotwatch_airflow.defaults import DEFAULTS
from lotwatch_airflow.job import job


@dag(
    schedule=CronDataIntervalTimetable("30 4 * * *", timezone="UTC"),
    doc_md=__doc__,
    tags=["governance"],
    max_active_runs=1,
    **DEFAULTS,
)
def check_consistency() -> None:
    @task(retries=2, retry_delay=timedelta(minutes=1), execution_timeout=timedelta(minutes=30))
    def fill_items() -> None:
        from lotwatch.jobs import consistency as jobs

        with job() as work:
            work.counts = jobs.fill_items(work.conn, work.context)

    @task(retries=2, retry_delay=timedelta(minutes=1), execution_timeout=timedelta(hours=1))
    def suggest_matches() -> None:
        from lotwatch.jobs import consistency as jobs

        with job() as work:
            work.counts = jobs.suggest_matches(work.conn, work.context)

    @task(retries=2, retry_delay=timedelta(minutes=1), execution_timeout=timedelta(hours=2))
    def check() -> None:
        from lotwatch.jobs import consistency as jobs

        with job() as work:
            work.counts = jobs.counts(jobs.check(work.conn, work.context))

    fill_items() >> suggest_matches() >> check()


check_consistency()
