"""Reads views and queries of a database: PostgreSQL, or any other whose SQLAlchemy driver is installed.

A feed is one SELECT in a read-only transaction that is rolled back: the rows are those of one moment, so nothing can
change while they are read, and they come through a server-side cursor, so memory is bounded. That is why no key is
needed to page by: a key that is missing or not unique loses nothing.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.pool import NullPool

from lotwatch.errors import SourceError
from lotwatch.sources.connector import Login
from lotwatch.sources.tables import values
from lotwatch.sources.tables.connector import Chunk, Interval, Job
from lotwatch.sources.tables.mapper import Source, outermost
from lotwatch.sources.tables.watermark import Mark, Watermark

_ROWS = 2_000
#: Airflow's kinds of connections, and the drivers that SQLAlchemy knows for them
_DRIVERS = {
    "postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg", "mssql": "mssql+pyodbc",
    "oracle": "oracle+oracledb", "mysql": "mysql+pymysql", "sqlite": "sqlite",
}  # fmt: skip
#: what makes a transaction read-only and bounded, in the words of each database
_READ_ONLY: dict[str, tuple[str, ...]] = {
    "postgresql": ("SET TRANSACTION READ ONLY", "SET LOCAL statement_timeout = {milliseconds}"),
    "mysql": ("SET SESSION max_execution_time = {milliseconds}",),
    "oracle": ("SET TRANSACTION READ ONLY",),
    "sqlite": ("PRAGMA query_only = ON",),
}
_ISOLATION = {"postgresql": "REPEATABLE READ", "mysql": "REPEATABLE READ"}


class Database:
    """Reads feeds from one database; `seconds` is the longest that a statement may take."""

    origins: tuple[str, ...] = ("view", "query")

    def __init__(self, login: Login, driver: str | None, seconds: int, time_zone: str | None) -> None:
        self._zone = values.in_zone(time_zone) or UTC
        self._seconds = seconds
        self._url = _url(login, driver)
        self._where = self._url.render_as_string(hide_password=True)
        try:
            self._engine = sa.create_engine(self._url, poolclass=NullPool)
        except (ImportError, exc.ArgumentError) as error:
            raise SourceError(
                f"There is no driver for {self._url.get_backend_name()} here ({error})", where=self._where,
                do=f"install it beside Airflow: pip install {self._url.get_driver_name() or 'its driver'}",
            ) from error  # fmt: skip

    def server_time(self) -> datetime | None:
        """The database's clock."""
        with self._transaction() as conn:
            return self._clock(conn)

    def read(self, job: Job, state: Mapping[str, Any] | None, interval: Interval) -> Iterator[Chunk]:
        """The rows of a view or query, in the order of their key."""
        changed = job.feed.changed
        mark = Watermark(changed, job.mapping.time_zone, state) if changed else None
        with self._transaction() as conn:
            began = self._clock(conn)
            rows = self._select(conn, job, mark, interval)
            beside = {"$read_at": began}
            count = 0
            for part in (
                conn.execution_options(stream_results=True, yield_per=_ROWS).execute(rows).mappings().partitions()
            ):
                read = [dict(row) for row in part]
                if mark is not None:
                    for row in read:
                        mark.note(row)
                yield Chunk(
                    mark=mark,
                    rows=[
                        Source(f"{job.feed.label}, row {number}", row, {**beside, "$row": number})
                        for number, row in enumerate(read, count + 1)
                    ],
                )
                count += len(read)
        yield Chunk(state=mark.state(began) if mark else {})

    def _select(self, conn: sa.Connection, job: Job, mark: Watermark | None, interval: Interval) -> sa.Select[Any]:
        origin = _origin(job)
        known = list(conn.execute(sa.select(sa.text("*")).select_from(origin()).where(sa.false())).keys())
        job.check_columns(known, job.feed.label)
        names = list(dict.fromkeys(name if name in known else outermost(name) for name in job.mapper.used))
        named: dict[str, sa.ColumnClause[Any]] = {name: sa.column(sa.quoted_name(name, quote=True)) for name in names}
        select = sa.select(*named.values()).select_from(origin())
        if mark is not None and job.feed.changed is not None:
            column = named[job.feed.changed.column]
            if interval is None:
                since = mark.since()
                if since is not None:  # what does not tell when it changed is always read
                    select = select.where(sa.or_(column >= _stamp(job, mark, since), column.is_(None)))
            elif bounds := mark.bounds(*interval):
                start, end = (_stamp(job, mark, each) for each in bounds)
                select = select.where(sa.or_(sa.and_(column >= start, column < end), column.is_(None)))
        return select.order_by(*(named[name] for name in job.feed.keys))

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        """A transaction in which nothing can be written, rolled back whatever happens."""
        backend = self._url.get_backend_name()
        options = {"isolation_level": _ISOLATION[backend]} if backend in _ISOLATION else {}
        try:
            with self._engine.connect().execution_options(**options) as conn:
                if backend == "mysql":
                    conn.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
                    conn.rollback()  # it counts from the next transaction on
                for statement in _READ_ONLY.get(backend, ()):
                    conn.exec_driver_sql(statement.format(milliseconds=self._seconds * 1000))
                if backend == "postgresql":
                    conn.execute(sa.text("SELECT set_config('TimeZone', :zone, true)"), {"zone": str(self._zone)})
                try:
                    yield conn
                finally:
                    conn.rollback()
        except exc.SQLAlchemyError as error:
            raise self._told(error) from error

    def _told(self, error: exc.SQLAlchemyError) -> SourceError:
        cause = str(getattr(error, "orig", None) or error).strip().splitlines()
        passing = isinstance(error, exc.OperationalError | exc.InterfaceError)
        return SourceError(
            f"The database did not answer: {cause[0] if cause else type(error).__name__}",
            where=self._where,
            do="look whether it runs and the login may read; if it takes too long, index the column that tells what changed"
            if passing
            else "correct the view, the query or the columns in the mapping",
            retry=passing,
        )

    def _clock(self, conn: sa.Connection) -> datetime | None:
        told = conn.execute(sa.select(sa.func.now())).scalar_one()
        if isinstance(told, str):
            told = datetime.fromisoformat(told)
        if self._url.get_backend_name() == "sqlite":
            told = told.replace(tzinfo=UTC)
        return (told if told.tzinfo else told.replace(tzinfo=self._zone)).astimezone(UTC)


def _origin(job: Job) -> Any:
    """What is selected from: a view by its quoted name, or the query of the ops team."""
    if job.feed.view is not None:
        *schema, name = job.feed.view.split(".")
        quoted = sa.quoted_name(".".join(schema), quote=True) if len(schema) == 1 else ".".join(schema)
        return lambda: sa.table(sa.quoted_name(name, quote=True), schema=quoted or None)
    text = (job.feed.query or "").strip().rstrip(";").replace("\\", "\\\\").replace(":", "\\:")
    return lambda: sa.text(f"({text}) AS rows_read")


def _stamp(job: Job, mark: Watermark, value: Mark) -> Any:
    """A mark as the column holds it: of its own type, or as text in its format."""
    wall = mark.wall(value)
    formats = job.feed.changed.format if job.feed.changed else None
    return values.write_stamp(wall, formats[0]) if formats and not isinstance(wall, int) else wall


def _url(login: Login, driver: str | None) -> sa.URL:
    try:
        url = sa.make_url(login.url if "://" in login.url else f"{login.url}://")
    except exc.ArgumentError as error:
        raise SourceError(
            "The database's address cannot be read", where=login.url, do="write postgres://host:5432"
        ) from error
    name = driver or (_DRIVERS.get(url.drivername, url.drivername))
    return url.set(
        drivername=name,
        username=login.user or url.username,
        password=login.password or url.password,
        database=login.database or url.database,
        query=dict(login.extra.get("query", url.query)),
    )
