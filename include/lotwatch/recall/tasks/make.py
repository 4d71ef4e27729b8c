"""The tasks of a case: one of each kind for each place that has, or had, what is affected."""

from collections.abc import Mapping

import psycopg

from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError
from lotwatch.recall.case import Case
from lotwatch.recall.clocks import Duties

#: what the notice's action asks of a place where affected units are
KINDS: Mapping[str, tuple[str, ...]] = {
    "remove": ("count", "remove", "replace"),
    "correct": ("count", "correct"),
    "inspect": ("count", "inspect"),
    "advise": ("advise",),
    "other": ("count", "advise"),
}


def make_tasks(conn: psycopg.Connection, context: RunContext, case: Case, duties: Duties) -> int:
    """Write the tasks that are missing, with what the books expect; returns how many are new.

    What nobody has begun follows the books: its lines are theirs, and a task without any more is cancelled. What somebody
    has begun keeps its lines; what turns up there later is added, and a task that was done is open again.
    """
    parameters = {
        "case_id": case.case_id,
        "kinds": list(KINDS[case.action_kind]),
        "due_at": duties.task_due(case),
        "made_at": context.as_of,
    }
    made = conn.execute(query(__package__, "make_tasks"), parameters).fetchall()
    conn.execute(query(__package__, "keep_lines"), parameters)
    conn.execute(query(__package__, "settle_tasks"), parameters)
    if made:
        record(conn, context, "tasks made", "recall_case", case.code, after={"tasks": len(made)})
    return len(made)


def check_effectiveness(conn: psycopg.Connection, context: RunContext, case: Case, duties: Duties, percent: int) -> int:
    """Have a sample of the places asked whether the notice reached them and was followed; returns how many are new.

    The sample is the same for the same case and percentage, and at least one place. Raises LotwatchError without any place.
    """
    parameters = {
        "case_id": case.case_id,
        "percent": percent,
        "due_at": context.as_of + (duties.task_due(case) - case.opened_at),
        "made_at": context.as_of,
    }
    made = conn.execute(query(__package__, "make_checks"), parameters).rowcount
    if not made:
        raise LotwatchError("There is no further place to ask", where=case.code)
    record(
        conn, context, "effectiveness checks made", "recall_case", case.code, after={"percent": percent, "tasks": made}
    )
    return made
