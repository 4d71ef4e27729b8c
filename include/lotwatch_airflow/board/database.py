"""The board's database: read-only transactions of the role `lotwatch_board`, through a small pool opened when needed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from typing import Any

from psycopg import Connection, IsolationLevel
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool

from lotwatch import facts

CONNECTION_ID = "lotwatch_board"
#: a page is dropped, and says so, rather than keeping the database busy
_LIMITS = (
    "-c default_transaction_read_only=on -c statement_timeout=20s -c lock_timeout=2s"
    " -c idle_in_transaction_session_timeout=60s -c transaction_timeout=10min"
)


class Reader:
    """Opens read-only transactions, waiting at most `patience` seconds. `address` is asked once, at the first one."""

    def __init__(self, address: Callable[[], str], patience: float = 10) -> None:
        self._address = address
        self._patience = patience
        self._pool: ConnectionPool[Connection] | None = None
        self._opening = Lock()

    @contextmanager
    def transaction(self, as_of: datetime) -> Iterator[Connection]:
        """A transaction in which the fact views show what is so now; `as_of` decides what is expired or late.

        Raises psycopg.OperationalError when the database cannot be reached or all connections stay busy.
        """
        with self._opened().connection() as conn:
            facts.live(conn, as_of)
            yield conn

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


def airflow_address() -> str:
    """Address of the database from Airflow's connection `lotwatch_board`."""
    from airflow.sdk import BaseHook

    found: Any = BaseHook.get_connection(CONNECTION_ID)
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
