"""The board's database. Pages read as the role `lotwatch_board`, through a small pool opened when needed, and see only
what their reader may see; what somebody does is written as the application, in a connection of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from typing import Any, NamedTuple

import psycopg
from psycopg import Connection, IsolationLevel
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool

from lotwatch import access, facts

READS, WRITES = "lotwatch_board", "lotwatch_db"
#: a page is dropped, and says so, rather than keeping the database busy
_PATIENCE = "-c statement_timeout=20s -c lock_timeout=2s -c idle_in_transaction_session_timeout=60s"
_LIMITS = f"-c default_transaction_read_only=on -c transaction_timeout=10min {_PATIENCE}"


class Past(NamedTuple):
    """A past moment to look at, by all that is known of it today or by what had been recorded at `known_at`."""

    at: datetime
    known_at: datetime | None = None


class Reader:
    """Opens read-only transactions, waiting at most `patience` seconds. `address` is asked once, at the first one."""

    def __init__(self, address: Callable[[], str], patience: float = 10) -> None:
        self._address = address
        self._patience = patience
        self._pool: ConnectionPool[Connection] | None = None
        self._opening = Lock()

    @contextmanager
    def transaction(
        self, as_of: datetime, user_name: str, past: Past | None = None
    ) -> Iterator[tuple[Connection, access.Sight]]:
        """A transaction that shows what `user_name` may see, and how much that is.

        The fact views show what is so now, where `as_of` decides what is expired or late; or what was so in the past.
        Raises psycopg.OperationalError when the database cannot be reached or all connections stay busy.
        """
        with self._opened().connection() as conn:
            if past is None:
                facts.live(conn, as_of)
            else:
                facts.at(conn, past.at, past.known_at)
            yield conn, access.see_as(conn, user_name)

    def close(self) -> None:
        """Close the pool; the next transaction opens it again."""
        with self._opening:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    def _opened(self) -> ConnectionPool[Connection]:
        with self._opening:
            if self._pool is None:
                self._pool = ConnectionPool(
                    self._address(),
                    kwargs={"options": _LIMITS, "application_name": "lotwatch board"},
                    configure=_configure,
                    check=ConnectionPool.check_connection,
                    min_size=0,
                    max_size=4,
                    timeout=self._patience,
                    open=True,
                )
            return self._pool


class Writer:
    """Opens transactions of the application, which may write: one connection each, for writing is rare here."""

    def __init__(self, address: Callable[[], str]) -> None:
        self._address = address

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction that ends with the block. Raises psycopg.OperationalError when the database cannot be reached."""
        with psycopg.connect(self._address(), options=_PATIENCE, application_name="lotwatch board") as conn:
            yield conn


def airflow_address(conn_id: str) -> str:
    """Address of the database from an Airflow connection."""
    from airflow.sdk import BaseHook

    found: Any = BaseHook.get_connection(conn_id)
    return make_conninfo(
        host=found.host,
        port=found.port,
        dbname=found.schema,
        user=found.login,
        password=found.password,
        **found.extra_dejson,
    )


def _configure(conn: Connection) -> None:
    conn.isolation_level = IsolationLevel.REPEATABLE_READ  # all parts of a page are of one moment
    conn.prepare_threshold = None  # each query is planned for the filters it has
