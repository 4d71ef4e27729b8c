"""Worlds: what tests begin with. Each is made once and then copied, which takes a twentieth of a second."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from itertools import count
from types import ModuleType
from typing import Any

import psycopg
import pytest
from psycopg import sql

from lotwatch_local import postgres
from lotwatch_local.settings import Settings
from tests.integration.company import Company

EMPTY = "test_template"  # migrated, and empty
_serial = count()


def prepared(build: Callable[..., object]) -> Any:
    """Make a fixture of what fills a database. Its one argument is what it begins with, and what the tests are given.

    That is `db` (a connection), `company`, or another world. It happens in the first test that asks for it; later ones
    of the module get a copy of the database as it was then. So it may leave nothing elsewhere: no files, no objects.
    """

    @wraps(build)
    def given(**begun: Any) -> Any:
        return next(iter(begun.values()))

    fixture = pytest.fixture(given)
    fixture.build = build  # type: ignore[attr-defined]
    return fixture


@dataclass(frozen=True)
class Made:
    """A database to copy, and what the company in it remembers (None: there is no company in it)."""

    database: str
    company: dict[str, Any] | None = None


class Worlds:
    """The worlds of a module's tests; they end with it."""

    def __init__(self, settings: Settings, module: ModuleType) -> None:
        self._settings, self._module = settings, module
        self._made: dict[str, Made] = {"db": Made(EMPTY)}

    def wanted(self, fixtures: Sequence[str]) -> Made:
        """The world in which a test with these fixtures begins: it contains all others that they name."""
        chains = [self._chain(name) for name in fixtures if self._build(name)]
        longest = max(chains, key=len, default=["db"])
        for chain in chains:
            assert longest[: len(chain)] == chain, f"a test begins in one world: not in {chain[-1]} and {longest[-1]}"
        return self._make(longest)

    def close(self) -> None:
        with postgres.connect_superuser(self._settings) as conn:
            for made in self._made.values():
                if made.database != EMPTY:
                    drop(conn, made.database)

    def _build(self, name: str) -> Callable[..., object] | None:
        return Company if name == "company" else getattr(getattr(self._module, name, None), "build", None)

    def _chain(self, name: str) -> list[str]:
        """The worlds from the empty one to this one."""
        build = self._build(name)
        if build is None:
            return [name]
        return [*self._chain("db" if build is Company else next(iter(inspect.signature(build).parameters))), name]

    def _make(self, chain: list[str]) -> Made:
        *before, name = chain
        if name not in self._made:
            begun = self._make(before)
            with postgres.connect_superuser(self._settings) as conn:
                database = copy(conn, begun.database)
            with psycopg.connect(self._settings.database_url("app", database)) as conn:
                given = Company(conn, begun.company) if begun.company or name == "company" else conn
                if name != "company":
                    self._build(name)(given)  # type: ignore[misc]
            self._made[name] = Made(database, given.remembered() if isinstance(given, Company) else None)
        return self._made[name]


def empty(conn: psycopg.Connection) -> None:
    """Keep the migrated database as the empty world: a copy that nobody is connected to, whatever Airflow does."""
    conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE lotwatch").format(sql.Identifier(EMPTY)))


def copy(conn: psycopg.Connection, template: str) -> str:
    """A new database like `template`; returns its name."""
    name = f"test_{next(_serial)}"
    # by copying files, which takes a seventh of the time where nothing is synced to disk
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER lotwatch_migrator STRATEGY file_copy")
    conn.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
    return name


def drop(conn: psycopg.Connection, name: str) -> None:
    conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
