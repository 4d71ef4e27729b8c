"""Notices into cases and holds: what `receive_notices` does first, and nothing before it."""

from dataclasses import dataclass

import psycopg

from lotwatch.audit import RunContext
from lotwatch.recall.cases import open_cases, to_respond
from lotwatch.recall.events import read_events

#: how often `receive_notices` runs by the clock; in which hour of the day (UTC) it compares everything anew
_EVERY_MINUTES, _EVERYTHING_AT = 5, 2


@dataclass(frozen=True, slots=True)
class Response:
    """What a run has done, in numbers, the cases to respond to, and what it held (or would hold) in words."""

    counts: dict[str, int]
    cases: list[str]
    held: list[str]


def receive(conn: psycopg.Connection, context: RunContext, *, dry_run: bool = False) -> Response:
    """Read new notices, match them and hold what they concern; a backfilled run does nothing.

    `conn` must be in autocommit mode. A run by the clock looks at all notices again once a day, and once an hour at those that may
    mean what has changed of our items. A `dry_run` writes nothing.
    """
    if context.backfilled:
        return Response({}, [], [])
    hourly = context.run_type == "scheduled" and context.as_of.minute < _EVERY_MINUTES
    daily = hourly and context.as_of.hour == _EVERYTHING_AT
    opened = open_cases(conn, context, everything=daily, changed=hourly, dry_run=dry_run)
    counts = {name: count for name, count in opened.counts.items() if count} | {"held": len(opened.held)}
    with conn.transaction():
        if not dry_run:
            counts["event_lists"] = read_events(conn)
        cases = [] if dry_run else to_respond(conn, context)
    return Response(counts, cases, opened.held)
