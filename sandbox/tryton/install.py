"""Put a real Tryton, filled with the trial company, into a PostgreSQL server; and say how to serve it.

Runs in the main environment. The work inside Tryton (template.py, seed.py) runs in Tryton's own environment as a
subprocess. The database is built under another name and renamed last: if it has its name, it is complete, and whatever
was killed half-way is thrown away and made again.
"""

import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from lotwatch.errors import SourceError

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
MAINTENANCE_DATABASE = "postgres"
#: activating modules writes a catalogue faster than statistics follow: nested loops then cost more than all the rest
PLANNER = "-c jit=off -c synchronous_commit=off -c enable_nestloop=off"
LOCK = 7_205_759
SHORTEST_PASSWORD = 8


@dataclass(frozen=True, slots=True)
class Server:
    """The PostgreSQL server and the role that owns Tryton's database (it may create databases), and its name."""

    host: str
    port: int
    user: str
    password: str
    database: str = "tryton"


def install(
    *,
    python: Path,
    server: Server,
    pg_bin: Path,
    cache: Path,
    work: Path,
    data: Path | None,
    today: date,
    admin_password: str,
    service_password: str,
    port: int,
    say: Callable[[str], None],
) -> None:
    """Make Tryton's database (unless it is there already) and write `work/trytond.conf`, to listen on 127.0.0.1:`port`.

    `python` is the interpreter of Tryton's environment; `cache` keeps the template's dump between installations;
    `data` is the folder of real data, or None for an invented company; `today` is the day the company's history ends.
    `work/tryton_seed.json` then says what was made: counts, special cases, planted rows. Raises SourceError.
    """
    for name, password in (("admin_password", admin_password), ("service_password", service_password)):
        if len(password) < SHORTEST_PASSWORD:
            raise SourceError(
                f"Tryton refuses a password shorter than {SHORTEST_PASSWORD} characters.", where=name,
                do="choose a longer one",
            )  # fmt: skip
    work.mkdir(parents=True, exist_ok=True)
    cache.mkdir(parents=True, exist_ok=True)
    write_config(work, server, port)
    with only_one_at_a_time(server) as connection:
        if exists(connection, server.database):
            say("Tryton's database is there already")
            return
        building = f"{server.database}_building"
        recreate(connection, building)
        restore_or_build(python, server, pg_bin, cache, work, building, say)
        say("Tryton: loading the trial company")
        job = {
            "database": building,
            "today": today.isoformat(),
            "data": str(data) if data else None,
            "admin_password": admin_password,
            "service_password": service_password,
        }
        made = run_inside(python, work, "seed", job)
        (work / "tryton_seed.json").write_text(made, encoding="utf-8")
        connection.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(building), sql.Identifier(server.database))
        )
        say(f"Tryton: {json.loads(made)['counts']['moves']} stock moves loaded")


def server_command(*, python: Path, work: Path, database: str = "tryton") -> list[str]:
    """The command that serves Tryton in the foreground, on the address in `work/trytond.conf`."""
    return [str(python), "-m", "trytond.cli", "-c", str(work / "trytond.conf"), "-d", database]


def write_config(work: Path, server: Server, port: int) -> None:
    """trytond's configuration. It holds the database password, so only its owner may read it."""
    user, password = quote(server.user, safe=""), quote(server.password, safe="")
    lines = (
        "[database]",
        f"uri = postgresql://{user}:{password}@{server.host}:{server.port}/",
        f"path = {work / 'attachments'}",
        "list = False",
        "[web]",
        f"listen = 127.0.0.1:{port}",
    )
    path = work / "trytond.conf"
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@contextmanager
def only_one_at_a_time(server: Server) -> Iterator[psycopg.Connection[Any]]:
    """A connection to the maintenance database, holding the lock that installations take in turn."""
    try:
        connection = psycopg.connect(
            host=server.host, port=server.port, user=server.user, password=server.password,
            dbname=MAINTENANCE_DATABASE, autocommit=True, connect_timeout=10,
        )  # fmt: skip
    except psycopg.OperationalError as error:
        raise SourceError(
            "PostgreSQL does not let Tryton's role in.", where=f"{server.user} at {server.host}:{server.port} ({error})",
            do="start the database server, and create the role with LOGIN and CREATEDB", retry=True,
        ) from error  # fmt: skip
    with connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        yield connection


def exists(connection: psycopg.Connection[Any], database: str) -> bool:
    """Whether a database of that name is there."""
    return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone() is not None


def recreate(connection: psycopg.Connection[Any], database: str) -> None:
    """An empty database, whatever an interrupted installation left under its name."""
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))
    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))


def template_key() -> str:
    """What the template depends on: the packages and the scripts that make it."""
    digest = hashlib.sha256()
    for name in ("requirements.txt", "template.py", "environment.py"):
        digest.update((HERE / name).read_bytes())
    return digest.hexdigest()[:16]


def restore_or_build(
    python: Path,
    server: Server,
    pg_bin: Path,
    cache: Path,
    work: Path,
    database: str,
    say: Callable[[str], None],
) -> None:
    """Fill the empty database with the template: from its dump if there is one, else built, and then dumped."""
    dump = cache / f"tryton-{template_key()}.dump"
    if dump.exists():
        say("Tryton: restoring the template database")
        run_postgres(pg_bin / "pg_restore", server, "--no-owner", "-j2", "-d", database, str(dump))
        return
    say("Tryton: building the template database (about a minute, once)")
    run_inside(python, work, "template", {"database": database})
    unfinished = dump.with_suffix(f".{os.getpid()}.part")
    run_postgres(pg_bin / "pg_dump", server, "-Fc", "--no-owner", "-f", str(unfinished), database)
    unfinished.replace(dump)


def run_inside(python: Path, work: Path, script: str, job: dict[str, Any]) -> str:
    """Run one of the scripts in Tryton's environment; what it printed."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("TRYTOND_", "PYTHON"))},
        "PYTHONPATH": str(PROJECT),
        "PGOPTIONS": PLANNER if script == "template" else PLANNER.replace(" -c enable_nestloop=off", ""),
    }
    command = [str(python), "-m", f"sandbox.tryton.{script}", str(work / "trytond.conf")]
    return run(command, environment, f"Tryton's {script}", stdin=json.dumps(job))


def run_postgres(program: Path, server: Server, *arguments: str) -> None:
    """Run one of PostgreSQL's programs against the server."""
    environment = {**os.environ, "PGPASSWORD": server.password}
    command = [str(program), "-h", server.host, "-p", str(server.port), "-U", server.user, *arguments]
    run(command, environment, program.name)


def run(command: list[str], environment: dict[str, str], what: str, stdin: str = "") -> str:
    """Run a program to its end; its standard output. Raises SourceError with the end of what it complained about."""
    try:
        done = subprocess.run(command, env=environment, input=stdin, capture_output=True, text=True, check=False)
    except OSError as error:
        raise SourceError(
            f"{what} could not be started.", where=f"{command[0]} ({error})",
            do="install Tryton's environment from sandbox/tryton/requirements.txt",
        ) from error  # fmt: skip
    if done.returncode:
        complaint = "\n".join(done.stderr.strip().splitlines()[-8:])
        raise SourceError(
            f"{what} failed ({done.returncode}).", where=complaint, do="correct the cause and run it again"
        )
    return done.stdout
