"""### Judges records of quarantine once more, corrected or not, and posts those that pass

*When*: by hand, after something was mended: a suite, a mapping, a reference that came by another way, or the records
themselves. Records that only wait for what they refer to need no replay: every sync of their source tries them again.

*What it takes*: which records (all conditions that are given must hold, and one must be), what is to be corrected, and why.

| param | meaning |
|---|---|
| `source`, `entity`, `rule` | only records of this source, of this entity (`movement`, `lot`, ...), that break this rule |
| `ids` | only these quarantine ids, as the Data quality page tells them |
| `corrections` | fields of every chosen record, such as `{"unit": "piece"}` |
| `corrections_of` | fields of single records by id, such as `{"17": {"quantity": 3}}` |
| `reason` | why, for the audit trail |
| `dry_run` | true unless you say otherwise: says in the log what would become of the records, and keeps nothing |

*Example*: `{"source": "wms", "rule": "REF008", "reason": "lots came by file", "dry_run": false}`

**replay** stages the records in a batch of their own source, judges it by the suites, posts what passes and lets the rest
wait with its new reasons, two thousand records in one transaction. **announce** wakes `watch_inventory`. The same from a
shell: `lotwatch quarantine replay`, or `export`, correct in a spreadsheet, `import`.

*When it fails*: the last line of the log says which record and which correction does not fit. What was done before stays
done; correct the params and trigger it again, or clear the task: records that have passed are not taken twice.
*Backfill*: there is none; it is never scheduled.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from airflow.sdk import Param, dag, get_current_context, task

from lotwatch_airflow.bells import INVENTORY, ring
from lotwatch_airflow.defaults import DEFAULTS
from lotwatch_airflow.job import job

PARAMS: dict[str, Any] = {
    "source": Param(None, type=["null", "string"], description="only of this source"),
    "entity": Param(None, type=["null", "string"], description="only of this entity, such as movement"),
    "rule": Param(None, type=["null", "string"], description="only what breaks this rule, such as REF008"),
    "ids": Param([], type="array", items={"type": "integer"}, description="only these quarantine ids; empty: any"),
    "corrections": Param({}, type="object", description="fields of every chosen record"),
    "corrections_of": Param({}, type="object", description="fields of single records by quarantine id"),
    "reason": Param("", type="string", description="why, for the audit trail"),
    "dry_run": Param(True, type="boolean", description="say what would become of them, and keep nothing"),
}


@dag(schedule=None, doc_md=__doc__, tags=["sync", "quarantine"], max_active_runs=1, params=PARAMS, **DEFAULTS)
def replay_quarantine() -> None:
    @task(retries=1, retry_delay=timedelta(seconds=20), execution_timeout=timedelta(hours=2))
    def replay() -> bool:
        from lotwatch.jobs import mend as jobs

        airflow = get_current_context()
        params = airflow["params"]
        with job(autocommit=True) as work:
            who = getattr(airflow["dag_run"], "triggering_user_name", None) or work.context.actor
            mended = jobs.replay_as_asked(work.conn, replace(work.context, actor=who), params)
            work.counts = mended.counts | {"dry_run": params["dry_run"]}
        for row in mended.refused:
            print(f"{row.quarantine_id} {row.source} {row.entity} {row.source_key}: {'; '.join(row.reasons)}")
        return bool(mended.passed) and not params["dry_run"]

    @task(outlets=[INVENTORY], retries=1, execution_timeout=timedelta(minutes=5))
    def announce(changed: Any) -> None:
        ring(worth_it=bool(changed))

    announce(replay())


replay_quarantine()
