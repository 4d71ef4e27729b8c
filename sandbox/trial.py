"""A trial installation: PostgreSQL, the outside world and Airflow, set up side by side and started."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

from lotwatch.errors import LotwatchError
from lotwatch_local import airflow, postgres, stack
from lotwatch_local.settings import Settings
from lotwatch_local.stack import step
from lotwatch_local.supervisor import Program, Supervisor
from sandbox import programs as outside
from sandbox.tryton import install as tryton


def programs(settings: Settings) -> list[Program]:
    """Every program, in the order in which they start."""
    return [stack.database_program(settings), *outside.programs(settings), *airflow.programs(settings)]


def start(settings: Settings, supervisor: Supervisor, today: date) -> None:
    """Set up and start what is not running yet; a second call changes nothing."""
    remember_data(settings)
    supervisor.load(programs(settings))
    stack.start_database(settings, supervisor)
    with ThreadPoolExecutor() as pool:
        outside_starts = pool.submit(start_outside, settings, supervisor, today)
        airflow_starts = pool.submit(stack.start_airflow, settings, supervisor)
        outside_starts.result()
        airflow_starts.result()


def start_outside(settings: Settings, supervisor: Supervisor, today: date) -> None:
    """The ERP with its trial company, and the servers that stand for the rest of the world."""
    with step("Tryton 8.2: database and trial company"):
        install_tryton(settings, today)
    with step("Tryton, supplier portal, mail service, logistics, compliance, hospital and ways to people"):
        for name in ("tryton", "portal", "mail", *outside.STAND_INS):
            supervisor.start(name, outside.is_well(settings, name))


def install_tryton(settings: Settings, today: date) -> None:
    """Tryton's database, filled; does nothing when it is there."""
    secrets = settings.secrets
    server = tryton.Server(
        host="127.0.0.1",
        port=settings.port_postgres,
        user="tryton",
        password=secrets["database_tryton"],
        database="tryton",
    )
    tryton.install(
        python=outside.tryton_python(),
        server=server,
        pg_bin=postgres.binaries(),
        cache=settings.cache_folder,
        work=settings.home / "tryton",
        data=settings.data,
        today=today,
        admin_password=secrets["tryton_admin"],
        service_password=secrets["tryton_service"],
        port=settings.port_tryton,
        say=lambda text: stack.console.print(f"          [dim]{text}[/]"),
    )


def remember_data(settings: Settings) -> None:
    """The trial company is made once: other data needs another installation."""
    told = str(settings.data.resolve()) if settings.data else "invented"
    path = settings.home / "trial-data"
    settings.home.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.read_text() != told:
        raise LotwatchError(
            f"This installation was made with other data ({path.read_text()})",
            do="run `make clean` first, then this again",
        )
    if settings.data and not Path(settings.data, "gudid_devices_25k.csv.gz").exists():
        raise LotwatchError("There is no real data here", where=told, do="name the folder: make demo DATA=FOLDER")
    path.write_text(told)
