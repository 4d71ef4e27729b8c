"""The delivery machine: claims what is due in the outbox, sends it once, and records what came back.

A row is marked before it is sent: killed in between, it is `unclear`, and whoever finds it looks it up at the
recipient before sending anything again.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

import psycopg
from jinja2 import TemplateError

from lotwatch import actions, outbox
from lotwatch.actions import warehouse as tasks
from lotwatch.audit import RunContext, record
from lotwatch.delivery import cases, dispatch, order_changes, orders, warehouse
from lotwatch.delivery.gateways import Gateways
from lotwatch.delivery.outcome import Refused, Unavailable, Unclear
from lotwatch.delivery.portals import NotYet
from lotwatch.errors import LotwatchError, SourceError

#: seconds until another worker may take a row that was claimed and never recorded
LEASE = 120
#: seconds; doubled with each attempt
FIRST_WAIT = 15
LONGEST_WAIT = 3600
MOST_ATTEMPTS = 12
#: seconds after which it is seen whether a stop was lifted
STOPPED_FOR = 60
#: whom it concerns that a warehouse does not do what it was asked, by what words; of all else the warehouse and operations
_REFUSED = {"call_back": ("call_back_failed", ("recall", "quality", "warehouse", "ops"))}


@dataclass(slots=True)
class Drained:
    """What became of the rows that were due: counts by `kind.outcome`, and errors that a person should see."""

    counts: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)


def drain(conn: psycopg.Connection, gateways: Gateways, context: RunContext) -> Drained:
    """Send all that is due. One row's trouble is recorded on that row and stops no other.

    `conn` must be in autocommit mode: each step is committed on its own.
    """
    drained = Drained()
    drained.counts["message_delivery.bounced"] += dispatch.hear(conn, gateways.people, context)
    drained.counts["message_delivery.released"] += dispatch.gather(conn, gateways.people, context)
    while row := outbox.claim(conn, LEASE):
        try:
            outcome, error = _deliver_unless_stopped(conn, row, gateways, context)
        finally:
            outbox.release(conn, row)
        drained.counts[f"{row.kind}.{outcome}"] += 1
        if error:
            drained.errors.append(f"{row.kind} {row.key}, {outcome}: {error}")
    drained.counts = +drained.counts
    return drained


def _deliver_unless_stopped(
    conn: psycopg.Connection, row: outbox.Row, gateways: Gateways, context: RunContext
) -> tuple[str, LotwatchError | None]:
    # of a message to somebody, what the message is about: what is to be done by hand may be stopped too
    about = outbox.delivery(conn, row.outbox_id).payload if row.kind == "message_delivery" else row.payload
    with actions.sending(conn, about) as stopped:
        if stopped is None:
            return _deliver(conn, row, gateways, context)
    outbox.put_back(conn, row, stopped, STOPPED_FOR)
    return "stopped", None


def _deliver(
    conn: psycopg.Connection, row: outbox.Row, gateways: Gateways, context: RunContext
) -> tuple[str, LotwatchError | None]:
    try:
        if row.kind == "message":
            return ("sent" if dispatch.route(conn, row, gateways.people, context) else "refused"), None
        if row.kind == "message_delivery":
            dispatch.send(conn, row, gateways, context)
        elif row.kind == "warehouse_task":
            if not warehouse.deliver(conn, row, gateways, context):
                outbox.close(conn, row.outbox_id, "refused", "It is wanted no more.")
                return "refused", None
        elif row.kind == "portal_case":
            cases.deliver(conn, row, gateways, context)
        elif row.kind in {"portal_change", "erp_change"}:
            order_changes.deliver(conn, row, gateways, context)
        else:
            orders.deliver(conn, row, gateways, context)
    except orders.NotToBeSent as stop:
        outbox.close(conn, row.outbox_id, "refused", str(stop))
        return "refused", None
    except NotYet as error:
        outbox.put_back(conn, row, str(error), error.seconds)
        return "put_back", None
    except Refused as error:
        if row.kind == "message_delivery":
            return dispatch.fall_over(
                conn, outbox.delivery(conn, row.outbox_id), gateways.people, error, context
            ), error
        return _give_up(conn, row, error, context), error
    except (Unavailable, Unclear) as error:
        if row.kind == "message_delivery":
            return _by_another_way(conn, row, error, gateways, context), error
        return _again(conn, row, error, context), error
    # our own data cannot be put into words the recipient takes, or for which there are words
    except (ValueError, TemplateError, KeyError) as error:
        return _give_up(
            conn, row, unfit := LotwatchError(f"It cannot be written: {error}", where=row.key), context
        ), unfit
    except SourceError as error:
        return (_again if error.retry else _give_up)(conn, row, error, context), error
    except LotwatchError as error:  # a setting is wrong: trying again mends nothing
        return _give_up(conn, row, error, context), error
    return "sent", None


def _by_another_way(
    conn: psycopg.Connection, row: outbox.Row, error: Unavailable | Unclear, gateways: Gateways, context: RunContext
) -> str:
    """Whether to try the channel again, or the subscriber's next one."""
    delivery = outbox.delivery(conn, row.outbox_id)
    another = dispatch.next_channel(delivery, gateways.people) is not None
    resting = isinstance(error, dispatch.Resting)
    not_again = isinstance(error, Unclear) and row.look_first and delivery.severity != "critical"
    if not_again or (another and (resting or row.attempts >= dispatch.TRIES_BEFORE_NEXT)):
        return dispatch.fall_over(conn, delivery, gateways.people, error, context)
    if row.attempts >= MOST_ATTEMPTS and not resting:
        return dispatch.fall_over(conn, delivery, gateways.people, error, context)
    return _again(conn, row, error, context, untried=resting)


def _again(
    conn: psycopg.Connection, row: outbox.Row, error: LotwatchError, context: RunContext, *, untried: bool = False
) -> str:
    """Leave it for later, unless it was tried often enough. Only what certainly did not arrive is plainly waiting."""
    if row.attempts >= MOST_ATTEMPTS and not untried:
        return _give_up(conn, row, error, context)
    own_wait = min(FIRST_WAIT * 2 ** (row.attempts - 1), LONGEST_WAIT)
    asked_to_wait = error.retry_after if isinstance(error, Unavailable) else None
    state: Literal["waiting", "unclear"] = (
        "waiting" if isinstance(error, Unavailable) and not row.look_first else "unclear"
    )
    wait = own_wait if asked_to_wait is None else asked_to_wait
    outbox.try_again(conn, row, state, str(error), wait, untried=untried)
    return state


def _give_up(conn: psycopg.Connection, row: outbox.Row, error: LotwatchError, context: RunContext) -> str:
    """Nothing more is tried: a person must look, and is told."""
    with conn.transaction():
        outbox.close(conn, row.outbox_id, "failed", str(error))
        if row.kind in {"message", "message_delivery"}:
            record(conn, context, "message failed", "message", row.key, reason=str(error))
        elif row.kind == "warehouse_task":
            code, kind = tasks.refused(conn, row.payload["task_id"], str(error), context)
            data = {"rows": [{"code": code, "warehouse": row.payload["warehouse"], "error": str(error)}]}
            template, to = _REFUSED.get(kind, ("warehouse_task_failed", ("warehouse", "ops")))
            payload = {"template": template, "to": list(to), "data": data}
            outbox.enqueue(conn, "message", f"{template}:{row.key}", payload)
        elif row.kind == "portal_case":
            cases.left_to_people(conn, row, str(error), context)
        else:
            code = orders.given_up(conn, row, error, context)
            record(conn, context, "order failed", "proposal", code, reason=str(error))
            data = {"rows": [{"code": code, "error": str(error)}]}
            about = {"proposals": [row.payload["proposal_id"]]}
            payload = {"template": "order_failed", "to": ["buyer", "ops"], "about": about, "data": data}
            outbox.enqueue(conn, "message", f"order_failed:{row.key}", payload)
    return "failed"
