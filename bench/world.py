"""The company that is measured on: master data and documents staged and posted as a sync does, history made by SQL."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from bench.figures import Stopwatch
from lotwatch import ledger, master, sources
from lotwatch.audit import RunContext, begin_run
from lotwatch.db.query import query
from lotwatch_local import postgres
from lotwatch_local.settings import Settings
from lotwatch_local.stack import step

AS_OF = datetime(2026, 6, 15, 8, tzinfo=UTC)
SOURCE = "bench"
#: item-sites whose master data and documents are one batch
_SLICE = 100_000
_MASTER = ("item", "agreement", "lot")
_DOCUMENTS = ("purchase_line", "inspection")
#: the months in which the history was recorded: its first lots came 390 days ago, its last movement was told late
_FIRST_MONTH = date(2025, 5, 1)
_MONTHS = 14
#: the server's settings while the company is made: what is needed after a crash alone is not written, nor kept for long
_HURRIED = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_wal_size": "1GB"}


def post(conn: psycopg.Connection, batch_id: int) -> tuple[float, int]:
    """Post a judged batch's events as a sync does; the seconds that took, commit included, and the new movements."""
    with Stopwatch() as watch:
        sources.take_batch(conn, batch_id, "judged")
        posted = ledger.post_events(conn, batch_id)
        conn.commit()
    sources.finish_batch(conn, batch_id)
    conn.commit()
    return watch.seconds, posted["movement"]


class World:
    """A database with `rows` item-sites, and connections to it as the application and as its owner."""

    def __init__(self, settings: Settings, rows: int) -> None:
        self.settings = settings
        self.rows = rows
        self.making = self.rebuilding = 0.0
        self._staged_usage = 0

    def connect(self, role: str = "app") -> psycopg.Connection:
        """A fresh connection, as each task of a run has its own: nothing is prepared or cached in it."""
        return psycopg.connect(self.settings.database_url(role, "lotwatch"))

    def context(self, days: int = 0) -> RunContext:
        """A run, noted in the database, `days` after the moment that everything is measured at."""
        as_of = AS_OF + timedelta(days=days)
        context = RunContext("bench", f"day {days}", "manual", "bench", -1, 1, None, as_of, "bench")
        with self.connect() as conn:
            return replace(begin_run(conn, context), as_of=as_of)

    def load(self) -> None:
        """Make the item-sites and 13 months of their movements; positions are rebuilt from them, which is measured."""
        with Stopwatch() as watch, _hurried(self.settings):
            with step(f"{self.rows:,} item-sites, their lots and orders"):
                self._make_item_sites()
                for first in range(0, self.rows, _SLICE):
                    self._load_slice(first)
            self._load_history()
            with step("positions from nothing"):
                self.rebuilding = self.rebuild_from_nothing()
            with step("vacuum and statistics"):
                self.settle()
        self.making = watch.seconds

    def rebuild_from_nothing(self) -> float:
        """Derive positions and receipts from all movements; the seconds that took."""
        with self.connect("migrator") as conn:
            conn.execute(query(__package__, "empty_derived"))
        with self.connect() as conn, Stopwatch() as watch:
            ledger.rebuild(conn)
        return watch.seconds

    def sizes(self) -> dict[str, int]:
        """How much there is to measure on."""
        with self.connect() as conn, conn.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query(__package__, "sizes")).fetchone() or {}

    @property
    def server_version(self) -> str:
        """PostgreSQL's version."""
        with self.connect() as conn:
            return conn.info.parameter_status("server_version") or ""

    def settle(self) -> None:
        """What autovacuum does in time: statistics and free space are as in a database that has lived for a while."""
        with postgres.connect_superuser(self.settings, "lotwatch") as conn:
            conn.execute("VACUUM (ANALYZE)")

    def stage_usage(self, conn: psycopg.Connection, count: int) -> int:
        """Stage `count` good movements that were never seen before; return their batch."""
        batch_id = self._stage_usage(conn, self._staged_usage, count)
        self._staged_usage += count
        return batch_id

    def stage_usage_again(self, conn: psycopg.Connection, count: int) -> int:
        """Stage the last `count` movements a second time, as a source does that is read again."""
        return self._stage_usage(conn, self._staged_usage - count, count)

    def stage_unjudged(self, conn: psycopg.Connection) -> int:
        """Stage a movement of each item-site for the gate, one in a hundred bad; return their batch."""
        batch_id = self._open_batch(conn)
        conn.execute(query(__package__, "stage_unjudged"), {"batch_id": batch_id, "as_of": AS_OF})
        conn.commit()
        return batch_id

    def stage_unjudged_lots(self, conn: psycopg.Connection, each: int) -> int:
        """Stage so many new lots of each item-site for the gate, one in a hundred bad; return their batch."""
        batch_id = self._open_batch(conn)
        parameters = {"batch_id": batch_id, "as_of": AS_OF, "each": each}
        conn.execute(query(__package__, "stage_unjudged_lots"), parameters)
        conn.commit()
        return batch_id

    def _make_item_sites(self) -> None:
        suppliers = max(5, self.rows // 2_000)
        with self.connect("migrator") as conn:
            conn.execute(query(__package__, "make_item_sites"))
            conn.execute(query(__package__, "fill_item_sites"), {"rows": self.rows, "suppliers": suppliers})
        with self.connect() as conn:
            batch_id = self._open_batch(conn)
            parameters = {"batch_id": batch_id, "suppliers": suppliers}
            self._stage(conn, batch_id, ("supplier", "location"), parameters)
            master.post_master(conn, batch_id)
            sources.finish_batch(conn, batch_id)

    def _load_slice(self, first: int) -> None:
        bounds = {"first": first, "past": min(first + _SLICE, self.rows), "as_of": AS_OF}
        with self.connect() as conn:
            batch_id = self._open_batch(conn)
            self._stage(conn, batch_id, (*_MASTER, *_DOCUMENTS), {"batch_id": batch_id, **bounds})
            conn.commit()
            sources.take_batch(conn, batch_id, "judged")
            master.post_master(conn, batch_id)
            conn.execute(query(__package__, "know_lots"), bounds)
        with self.connect() as conn:
            post(conn, batch_id)

    def _load_history(self) -> None:
        """Movements as if each had been posted when it was told: month after month, each into its own partition."""
        with self.connect() as conn:
            batch_id = self._open_batch(conn)
            ledger.make_partitions(conn, _FIRST_MONTH, months_ahead=_MONTHS - 1)
        self.settle()
        with self.connect("migrator") as conn, _without_large_indexes(conn):
            for first, past in pairwise(_months()):
                with step(f"movements recorded in {first:%Y-%m}"):
                    parameters = {"batch_id": batch_id, "source": SOURCE, "as_of": AS_OF, "first": first, "past": past}
                    conn.execute(query(__package__, "load_month"), parameters)
                    conn.commit()  # one transaction a month, as snapshots tell them apart by transaction
            with step("which event became which movement"):
                conn.execute(query(__package__, "know_movements"))

    def _open_batch(self, conn: psycopg.Connection) -> int:
        parameters = {"source": SOURCE, "dag_id": None, "run_id": None, "as_of": AS_OF}
        parameters |= {"backfilled": False, "pushed": False}
        row = conn.execute(query("lotwatch.sources", "open_batch"), parameters).fetchone()
        assert row is not None
        return int(row[0])

    def _stage(
        self, conn: psycopg.Connection, batch_id: int, what: Iterable[str], parameters: Mapping[str, object]
    ) -> None:
        """Stage rows that the gate is taken to have passed; the batch says how many it read, as after the gate."""
        read = {name: {"read": conn.execute(query(__package__, f"stage_{name}"), parameters).rowcount} for name in what}
        verdict = {"batch_id": batch_id, "state": "judged", "counts": Jsonb(read), "error": None}
        conn.execute(query("lotwatch.gate", "close_batch"), verdict)

    def _stage_usage(self, conn: psycopg.Connection, first: int, count: int) -> int:
        batch_id = self._open_batch(conn)
        parameters = {"batch_id": batch_id, "as_of": AS_OF, "first": first, "count": count, "rows": self.rows}
        self._stage(conn, batch_id, ("usage",), parameters)
        conn.commit()
        return batch_id


def _months() -> Iterator[datetime]:
    """The first moments of the months of the history, and of the one after."""
    for number in range(_MONTHS + 1):
        years, month = divmod(_FIRST_MONTH.month - 1 + number, 12)
        yield datetime(_FIRST_MONTH.year + years, month + 1, 1, tzinfo=UTC)


@contextmanager
def _without_large_indexes(conn: psycopg.Connection) -> Iterator[None]:
    """Build them afterwards, at once: a fraction of what keeping them costs."""
    indexes = conn.execute(query(__package__, "large_indexes")).fetchall()
    for unmake, _ in indexes:
        conn.execute(unmake)
    conn.commit()
    yield
    with step("indexes of the movements"):
        for _, make in indexes:
            conn.execute(make)
        conn.commit()


@contextmanager
def _hurried(settings: Settings) -> Iterator[None]:
    """Have nothing written for safety's sake, and nothing looked up that the posting statements have joined.

    What is being made is made again after a crash. Afterwards the database is as any other.
    """
    with postgres.connect_superuser(settings, "lotwatch") as conn:
        references = conn.execute(query(__package__, "references")).fetchall()
        for name, value in _HURRIED.items():
            conn.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), value))
        conn.execute("SELECT pg_reload_conf()")
        for off, _ in references:
            conn.execute(off)
    yield
    with postgres.connect_superuser(settings, "lotwatch") as conn:
        for _, on in references:
            conn.execute(on)
        for name in _HURRIED:
            conn.execute(sql.SQL("ALTER SYSTEM RESET {}").format(sql.Identifier(name)))
        conn.execute("SELECT pg_reload_conf()")
        conn.execute("CHECKPOINT")
    os.sync()  # the server did not: it must not be done while we measure
