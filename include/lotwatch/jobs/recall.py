"""Notices into cases and holds: what `receive_notices` does first, and nothing before it."""

from dataclasses import dataclass

import psycopg

from lotwatch.audit import RunContext
from lotwatch.recall.cases import open_cases, to_respond

#: how often `receive_notices` runs by the clock
_EVERY_MINUTES = 5


@dataclass(frozen=True, slots=True)
class Response:
    """What a run has done, in numbers, the cases to respond to, and what it held (or would hold) in words."""

    counts: dict[str, int]
    cases: list[str]
    held: list[str]


def receive(
    conn: psycopg.Connection, context: RunContext, *, everything: bool = False, dry_run: bool = False
) -> Response:
    """Read new notices, match them and hold what they concern; a backfilled run does nothing.

    `conn` must be in autocommit mode. With `everything` all notices are looked at again, for items and lots that are new
    to us; a run by the clock does so once an hour. A `dry_run` writes nothing.
    """
    if context.backfilled:
        return Response({}, [], [])
    hourly = context.run_type == "scheduled" and context.as_of.minute < _EVERY_MINUTES
    opened = open_cases(conn, context, everything=everything or hourly, dry_run=dry_run)
    counts = {name: count for name, count in opened.counts.items() if count} | {"held": len(opened.held)}
    with conn.transaction():
        cases = [] if dry_run else to_respond(conn, context)
    return Response(counts, cases, opened.held)
