"""Sets up and starts everything, side by side where that is possible, and says how long each step took."""

import contextlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
from rich.console import Console

from lotwatch.db.migrate import migrate
from lotwatch_local import airflow, postgres
from lotwatch_local.settings import Settings
from lotwatch_local.supervisor import DATABASE, Program, Supervisor

console = Console(highlight=False)


@contextlib.contextmanager
def step(what: str) -> Iterator[None]:
    """Say that a step begins and how long it took."""
    started = time.monotonic()
    try:
        yield
    except BaseException:
        console.print(f"  [red]failed[/]  {what}  [dim]{time.monotonic() - started:.1f} s[/]")
        raise
    console.print(f"  [green]done[/]    {what}  [dim]{time.monotonic() - started:.1f} s[/]")


def start_database(settings: Settings, supervisor: Supervisor) -> None:
    """The cluster, its roles and databases, and Lotwatch's schema."""
    with step("PostgreSQL 18"):
        postgres.initialise(settings)
        supervisor.start(DATABASE, lambda: _accepts_connections(settings))
        postgres.create_databases(settings)
    with step("Lotwatch's schema"), psycopg.connect(settings.database_url("migrator", "lotwatch")) as conn:
        migrate(conn)


def start_airflow(settings: Settings, supervisor: Supervisor) -> None:
    """Airflow's schema, users and connections, then its four parts."""
    with step("Airflow's database, users and connections"):
        airflow.install(settings)
        airflow.introduce(settings, airflow.LOGINS)
    with step("Airflow: API server, scheduler, DAG processor, triggerer"):

        def start(name: str) -> None:
            Supervisor(settings).start(name, lambda: airflow.health(settings).get(airflow.HEALTH[name]) == "healthy")

        with ThreadPoolExecutor() as pool:
            started = {name: pool.submit(start, name) for name in airflow.HEALTH if name != airflow.SCHEDULER}
            # what is due when the scheduler comes runs at once, and fails where the API server does not answer yet
            started[airflow.API].result()
            start(airflow.SCHEDULER)
            for future in started.values():
                future.result()


def database_program(settings: Settings) -> Program:
    """PostgreSQL as a supervised program (INT: ends sessions and checkpoints)."""
    return Program(DATABASE, postgres.server_command(settings), stop_signal="INT")


def _accepts_connections(settings: Settings) -> bool:
    with postgres.connect_superuser(settings):
        return True
