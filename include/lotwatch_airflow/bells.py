"""Assets that wake other DAGs. An asset event is a bell, never a message: who is woken drains its own tables.

A backfilled run wakes nobody: its last task rings through `ring`, which skips.
"""

from collections.abc import Iterable

from airflow.sdk import Asset, AssetWatcher, get_current_context
from airflow.sdk.exceptions import AirflowSkipException

from lotwatch_airflow.inbox.trigger import InboxTrigger
from lotwatch_airflow.job import is_backfill
from lotwatch_airflow.notices import NoticeTrigger

INVENTORY = Asset("inventory_changed")
POLICIES = Asset("policies_changed")
PROPOSALS = Asset("orders_proposed")
OUTBOX = Asset("outbox_filled")
#: each recall case that something is to be done about is a partition of it, and a run of `respond_to_recall`
CASES = Asset("recall_cases")
#: rung by the triggerer, which watches the inbox's table
INBOX = Asset("inbox_filled", watchers=[AssetWatcher(name="inbox", trigger=InboxTrigger())])
#: so is this, whoever posts a notice: a source that is read or pushes, the board, the command line
NOTICES = Asset("notices_posted", watchers=[AssetWatcher(name="notices", trigger=NoticeTrigger())])


def ring(*, worth_it: bool = True, cases: Iterable[str] = ()) -> None:
    """Let the calling task's `outlets` ring, unless the run is a backfill or there is nothing to tell.

    `cases` are the codes of recall cases, for a task with the outlet CASES.
    """
    context = get_current_context()
    if is_backfill(context):
        raise AirflowSkipException("A backfilled run wakes no live DAG.")
    if not worth_it:
        raise AirflowSkipException("Nothing to tell.")
    for code in cases:
        context["outlet_events"][CASES].add_partitions(code)
