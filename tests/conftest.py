"""Real parts for tests: PostgreSQL, Tryton and Airflow on free ports, in a folder of their own with a space in its path."""

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from xdist.scheduler import LoadScopeScheduling

from lotwatch.cli.shell import console
from lotwatch_local import airflow as local_airflow
from lotwatch_local import postgres, stack
from lotwatch_local.settings import PROJECT, Settings
from lotwatch_local.supervisor import Supervisor
from sandbox import trial
from tests.homes import new_home
from tests.integration.company import Company
from tests.worlds import Made, Worlds, copy, drop, empty

#: this cluster need not survive the machine, and nobody guesses its passwords
_CLUSTER = """
fsync = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = '512MB'
shared_buffers = '128MB'
scram_iterations = 1
"""
PORTS = ("airflow", "postgres", "tryton", "portal", "mail", "logistics", "compliance", "hospital", "channels", "smtp")


#: what shares one Airflow, which mostly waits, and one Tryton: these take longest, so they begin first
_TOGETHER = ("tests/acceptance/", "tests/integration/test_tryton")


class SideBySide(LoadScopeScheduling):
    """Which tests one process runs, when several do: those of a file together, and all that share one server."""

    def _split_scope(self, nodeid: str) -> str:
        return next((start for start in _TOGETHER if nodeid.startswith(start)), nodeid.partition("::")[0])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(_TOGETHER))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> SideBySide:
    return SideBySide(config, log)


_ports: list[socket.socket] = []


def free_port() -> int:
    """A port of 127.0.0.1 for a server of ours. Until this process ends nobody else is given it."""
    kept = socket.socket()
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a server that sets it too may bind the port
    kept.bind(("127.0.0.1", 0))
    _ports.append(kept)
    return int(kept.getsockname()[1])


@pytest.fixture(autouse=True, scope="session")
def wide() -> None:
    """What commands print in this process is not wrapped: the width of the window pytest runs in is not ours to set."""
    console.width = 300


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """An installation of its own, beside whatever else runs on this machine."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with new_home(tmp_path_factory.mktemp("home")) as home:
        ports = {f"port_{name}": free_port() for name in PORTS}
        yield Settings(home=home, cache=PROJECT / "data" / "cache", **ports)


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
        configuration.write(_CLUSTER)
    stack.start_database(settings, supervisor)
    with postgres.connect_superuser(settings) as conn:
        empty(conn)
    return settings


@pytest.fixture(scope="module")
def made_worlds(request: pytest.FixtureRequest, database: Settings) -> Iterator[Worlds]:
    """What the tests of a module begin with."""
    worlds = Worlds(database, request.module)
    yield worlds
    worlds.close()


@pytest.fixture
def begun(request: pytest.FixtureRequest, made_worlds: Worlds) -> Made:
    """The world in which a test begins: the most advanced one that it names."""
    return made_worlds.wanted(request.fixturenames)


@pytest.fixture
def db_name(database: Settings, begun: Made) -> Iterator[str]:
    """A database for one test alone: migrated, and filled with the test's world."""
    with postgres.connect_superuser(database) as conn:
        name = copy(conn, begun.database)
        yield name
        drop(conn, name)


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
def company(db: psycopg.Connection, begun: Made) -> Company:
    """A small company in that database."""
    return Company(db, begun.company)


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
