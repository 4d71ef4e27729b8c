"""What people say of the lots of a case, and cases that our own quality opens."""

from collections.abc import Sequence
from typing import Literal

import psycopg

from lotwatch import ledger
from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError
from lotwatch.recall.case import ActionKind, RecallClass
from lotwatch.recall.cases.bell import wake
from lotwatch.recall.cases.holding import hold_wanted
from lotwatch.recall.cases.opening import (
    Case,
    bring_up,
    insert_case,
    keep,
    load_case,
    notices_of,
    open_again,
    our_part,
    read_together,
)
from lotwatch.recall.matching import Subject, Verdict

#: in which capacities who answers a recall lifts its holds
_AUTHORITIES = ("recall", "quality")


def answer(
    conn: psycopg.Connection,
    context: RunContext,
    code: str,
    subject: Subject,
    verdict: Literal["affected", "not_affected"],
    *,
    by: str,
    reason: str,
) -> None:
    """Say that a lot, a unit or an item's stock without numbers is affected, or is not: it is held, or its holds are lifted.

    It stands until a notice says something new about it. Raises LotwatchError without a reason, or when the case or the
    subject in it is not known.
    """
    if not reason:
        raise LotwatchError("An answer needs a reason", where=code, do="say what shows it")
    with conn.transaction():
        conn.execute(query(__package__, "lock_cases"))
        case = load_case(conn, code=code)
        ours = {"item_id": subject.item_id, "lot_id": subject.lot_id, "serial_id": subject.serial_id}
        said = ours | {
            "case_id": case.case_id, "verdict": verdict, "reason": reason, "by": by, "as_of": context.as_of,
        }  # fmt: skip
        if not conn.execute(query(__package__, "keep_answer"), said).rowcount:
            raise LotwatchError("The case is not about that lot or unit", where=code, do="look at its review page")
        record(conn, context, f"said {verdict}", "recall_case", code, actor=by, after=ours, reason=reason)
        open_again(conn, context, case, [verdict])
        hold_wanted(conn, context, case.case_id)
        if verdict == "not_affected":
            for (hold_id,) in conn.execute(query(__package__, "superseded_holds"), ours | {"code": code}).fetchall():
                ledger.release_hold(
                    conn, hold_id, context, authorities=_AUTHORITIES, released_by=by, reason=f"{code}: {reason}"
                )
        wake(conn)


def say(
    conn: psycopg.Connection,
    context: RunContext,
    code: str,
    *,
    action_kind: ActionKind,
    recall_class: RecallClass | None,
    by: str,
    reason: str,
) -> None:
    """Say what a case asks for and how grave it is, whatever its words were read as; what they state counts where it is more.

    What follows is held at once. Raises LotwatchError without a reason, or when there is no such open case.
    """
    if not reason:
        raise LotwatchError("What a case asks for needs a reason", where=code, do="say what shows it")
    with conn.transaction():
        conn.execute(query(__package__, "lock_cases"))
        case = load_case(conn, code=code)
        if case.state == "closed":
            raise LotwatchError("The case is closed", where=code, do="reopen it first")
        said = {"action_kind": action_kind, "recall_class": recall_class}
        notices = notices_of(conn, case)
        over = {"case_id": case.case_id, "said_over": read_together(notices)}
        conn.execute(query(__package__, "say"), said | over)
        if notices:
            bring_up(conn, load_case(conn, code=code), notices)
        record(conn, context, "said what is asked", "recall_case", code, actor=by, after=said, reason=reason)
        hold_wanted(conn, context, case.case_id)


def open_by_quality(
    conn: psycopg.Connection,
    context: RunContext,
    subjects: Sequence[Subject],
    *,
    title: str,
    by: str,
    recall_class: RecallClass | None = None,
    action_kind: ActionKind = "remove",
    sure: bool = True,
) -> Case:
    """Open a case by a decision of our own: its lots and units are affected, or with `sure` False to be looked at; returns it.

    Raises LotwatchError without a title or subjects.
    """
    if not title or not subjects:
        raise LotwatchError("A case needs a title and what it is about", do="name at least one item, lot or unit")
    role, jurisdiction = our_part(conn, sorted({subject.item_id for subject in subjects}))
    about = {
        "origin": "quality", "title": title, "issuer": by, "recall_class": recall_class, "action_kind": action_kind,
        "only_advises": action_kind == "advise", "our_role": role, "jurisdiction": jurisdiction,
    }  # fmt: skip
    verdict = Verdict("affected" if sure else "needs_review", "decided", said=title)
    with conn.transaction():
        conn.execute(query(__package__, "lock_cases"))
        case = insert_case(conn, context, about)
        keep(conn, context, case.case_id, [(subject, None, verdict) for subject in subjects], by=by)
        hold_wanted(conn, context, case.case_id)
        wake(conn)
    return case
