"""Real parts for tests: PostgreSQL, Tryton and Airflow on free ports, in a folder of their own with a space in its path."""

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from xdist.scheduler import LoadScopeScheduling

from lotwatch.cli.shell import console
from lotwatch_local import airflow as local_airflow
from lotwatch_local import postgres, stack
from lotwatch_local.settings import PROJECT, Settings
from lotwatch_local.supervisor import Supervisor
from sandbox import trial
from tests.integration.company import Company

_TEMPLATE = "test_template"  # migrated once, then copied for each test
_serial = count()
PORTS = ("airflow", "postgres", "tryton", "portal", "mail", "logistics", "compliance", "hospital", "channels", "smtp")


class SideBySide(LoadScopeScheduling):
    """Which tests one process runs, when several do: those of a file together, and all that share one Airflow."""

    def _split_scope(self, nodeid: str) -> str:
        return "acceptance" if nodeid.startswith("tests/acceptance/") else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> SideBySide:
    return SideBySide(config, log)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(autouse=True, scope="session")
def wide() -> None:
    """What commands print in this process is not wrapped: the width of the window pytest runs in is not ours to set."""
    console.width = 300


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An installation of its own, beside whatever else runs on this machine."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    home = tmp_path_factory.mktemp("home") / "lot watch"
    home.mkdir()
    ports = {f"port_{name}": free_port() for name in PORTS}
    return Settings(home=home, cache=PROJECT / "data" / "cache", **ports)


@pytest.fixture(scope="session")
def supervisor(settings: Settings) -> Iterator[Supervisor]:
    """The supervisor of the test installation; everything it started ends with the session."""
    supervisor = Supervisor(settings)
    supervisor.load(trial.programs(settings))
    yield supervisor
    supervisor.shutdown()


@pytest.fixture(scope="session")
def database(settings: Settings, supervisor: Supervisor) -> Settings:
    """PostgreSQL, running, with Lotwatch's migrated database."""
    postgres.initialise(settings)
    with (settings.home / "postgres" / "postgresql.conf").open("a") as configuration:
        configuration.write("fsync = off\nfull_page_writes = off\n")  # this cluster need not survive the machine
    stack.start_database(settings, supervisor)
    with postgres.connect_superuser(settings) as conn:  # a copy that nobody is connected to, whatever Airflow does
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE lotwatch").format(sql.Identifier(_TEMPLATE)))
    return settings


@pytest.fixture
def db_name(database: Settings) -> Iterator[str]:
    """A migrated database for one test alone."""
    name = f"test_{os.getpid()}_{next(_serial)}"
    with postgres.connect_superuser(database) as conn:
        # by copying files, which takes a seventh of the time where nothing is synced to disk
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER lotwatch_migrator STRATEGY file_copy")
        conn.execute(statement.format(sql.Identifier(name), sql.Identifier(_TEMPLATE)))
        yield name
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def db_url(database: Settings, db_name: str) -> str:
    """Address of that database for the application's role."""
    return database.database_url("app", db_name)


@pytest.fixture
def db(db_url: str) -> Iterator[psycopg.Connection]:
    """A connection to that database as the application."""
    with psycopg.connect(db_url) as conn:
        yield conn


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of real data, where there is one."""
    folder = os.environ.get("LOTWATCH_REALDATA", "")
    if not Path(folder, "gudid_devices_25k.csv.gz").exists():
        pytest.skip("no real data: set LOTWATCH_REALDATA to its folder")
    return Path(folder)


@pytest.fixture
def company(db: psycopg.Connection) -> Company:
    """A small company in that database."""
    return Company(db)


@dataclass(frozen=True)
class Login:
    """A server and a login to it."""

    url: str
    database: str
    user: str
    password: str


@pytest.fixture(scope="session")
def outside(database: Settings, supervisor: Supervisor) -> Settings:
    """The outside world: Tryton with its trial company, and every stand-in."""
    trial.start_outside(database, supervisor, datetime.now(UTC).date())
    return database


@pytest.fixture(scope="session")
def tryton(outside: Settings) -> Login:
    """A real Tryton, as Lotwatch logs in to it."""
    return Login(f"http://127.0.0.1:{outside.port_tryton}", "tryton", "lotwatch", outside.secrets["tryton_service"])


@dataclass(frozen=True)
class AirflowSite:
    """A running Airflow and the passwords of its users by name."""

    url: str
    passwords: dict[str, str]


@pytest.fixture(scope="session")
def airflow(database: Settings, supervisor: Supervisor) -> AirflowSite:
    """A real Airflow: API server, scheduler, DAG processor and triggerer, with our DAGs."""
    stack.start_airflow(database, supervisor)
    passwords = {user["name"]: user["password"] for user in local_airflow.users(database)}
    return AirflowSite(database.airflow_url, passwords)
