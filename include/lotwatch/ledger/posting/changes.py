"""The queue of what changed and waits to be evaluated: written by triggers and by the posting statement."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from lotwatch.db import statistics
from lotwatch.db.query import query

#: with a larger share of its items changed, a company is evaluated whole: that is then cheaper
_MOST = 4


@dataclass(frozen=True, slots=True)
class Changes:
    """How many items changed, of how many `known` ones, and whether something did that concerns `anything`."""

    items: int
    anything: bool
    known: int

    @property
    def are_many(self) -> bool:
        """Whether to look at everything instead."""
        return self.anything or self.items * _MOST > self.known


def clear_changes(conn: psycopg.Connection) -> int:
    """Empty the queue, before a full sweep reads the facts; returns how many there were."""
    return conn.execute(query(__package__, "clear_changes")).rowcount


@contextmanager
def changed_items(conn: psycopg.Connection) -> Iterator[Changes]:
    """Take what waits off the queue; meanwhile the facts in `lotwatch_changed` are those of these items alone.

    Within a transaction, and read the facts in statements of their own: what commits after the queue was taken stays in
    it, and is read all the same.
    """
    with conn.cursor(row_factory=class_row(Changes)) as cursor:
        changes = cursor.execute(query(__package__, "take_changes")).fetchone()
    assert changes is not None  # noqa: S101 (the statement always answers one row)
    statistics.analyze(conn, "lotwatch", ["changed_item"])
    yield changes
    conn.execute(query(__package__, "forget_changed"))
