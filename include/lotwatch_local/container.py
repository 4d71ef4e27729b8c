"""`python -m lotwatch_local.container`: what the services of docker-compose.yaml run, by the code of the native installation.

Other services go by their names instead of 127.0.0.1, secrets come from the environment, and a server listens on its
container's addresses: what of that is published is Compose's to say.
"""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import psycopg
import typer
from pydantic_settings import SettingsConfigDict

from lotwatch.db.migrate import migrate
from lotwatch.errors import LotwatchError
from lotwatch_local import airflow, postgres
from lotwatch_local.settings import SECRET_NAMES, Settings
from lotwatch_local.stack import console, step

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)

SENDGRIDS_LIMIT = 30 * 1024 * 1024  # bytes
_LOOPBACK, _EVERYWHERE = "127.0.0.1", "0.0.0.0"  # noqa: S104 (of its container)
_ADDRESS_SAFE = re.compile(r"[A-Za-z0-9_=-]*")


class ContainerSettings(Settings):
    """The installation as a service of docker-compose.yaml sees it."""

    model_config = SettingsConfigDict(env_prefix="LOTWATCH_", env_file=None, extra="ignore")

    host_postgres: str = "postgres"
    port_postgres: int = 5432
    host_airflow: str = "airflow-api"

    def host(self, program: str) -> str:
        """Its service's name."""
        return program

    @property
    def airflow_url(self) -> str:
        return f"http://{self.host_airflow}:{self.port_airflow}"

    @cached_property
    def secrets(self) -> dict[str, str]:
        """What the service was given, by name; empty where it was not. Raises LotwatchError for what fits no address."""
        found = {name: os.environ.get(_variable(name), "") for name in SECRET_NAMES}
        for name, value in found.items():
            if not name.startswith("password_") and not _ADDRESS_SAFE.fullmatch(value):
                raise LotwatchError(
                    "A secret holds characters that cannot stand in an address",
                    where=_variable(name),
                    do="make it of letters, digits, - _ and =",
                )
        return found

    def database_url(self, role: str, database: str, driver: str = "postgresql") -> str:
        return super().database_url(role, database, driver).replace(f"@{_LOOPBACK}:", f"@{self.host_postgres}:")


@app.command()
def init() -> None:
    """Bring the databases up to date: Lotwatch's schema; Airflow's schema, users and connections."""
    settings = ContainerSettings()
    need(settings, "database_migrator", "database_app", "database_board", "password_admin")
    with step("Lotwatch's schema"), psycopg.connect(settings.database_url("migrator", "lotwatch")) as conn:
        migrate(conn)
    with step("Airflow's database, users and connections"):
        logins = users(settings)
        install_airflow({"users": logins, "connections": connections(settings)})
        airflow.introduce(settings, [login["name"] for login in logins])


@app.command()
def healthy(program: str) -> None:
    """For health checks: ends with 1 unless the program is well."""
    settings = ContainerSettings()
    if program in airflow.HEALTH:
        well = airflow.health(settings).get(airflow.HEALTH[program]) == "healthy"
    else:
        from sandbox.programs import is_well

        well = is_well(settings, program)()
    raise typer.Exit(not well)


@app.command()
def tryton() -> None:
    """Serve the trial ERP, after filling its database if it is not there."""
    from sandbox.programs import tryton_python
    from sandbox.tryton import install

    settings = ContainerSettings()
    need(settings, "database_tryton", "tryton_admin", "tryton_service")
    work = settings.home / "tryton"
    install.install(
        python=tryton_python(),
        server=install.Server(
            host=settings.host_postgres,
            port=settings.port_postgres,
            user="tryton",
            password=settings.secrets["database_tryton"],
        ),
        pg_bin=postgres.binaries(),
        cache=settings.cache_folder,
        work=work,
        data=settings.data,
        today=datetime.now(UTC).date(),
        admin_password=settings.secrets["tryton_admin"],
        service_password=settings.secrets["tryton_service"],
        port=settings.port_tryton,
        say=console.print,
    )
    configuration = work / "trytond.conf"
    configuration.write_text(configuration.read_text().replace(f"listen = {_LOOPBACK}:", f"listen = {_EVERYWHERE}:"))
    command = install.server_command(python=tryton_python(), work=work)
    os.execv(command[0], command)  # noqa: S606 (the container's program from now on)


@app.command()
def portal() -> None:
    """Serve the trial supplier portal."""
    from sandbox.http import secret
    from sandbox.portal.__main__ import buyers
    from sandbox.portal.app import create_app
    from sandbox.portal.orders import OrderBook

    settings = ContainerSettings()
    tokens, control_token = buyers(secret("SANDBOX_PORTAL_TOKEN")), secret("SANDBOX_CONTROL_TOKEN")
    book = OrderBook(settings.home / "sandbox" / "portal" / "orders.jsonl")
    serve(create_app(book, tokens, control_token), "portal", settings.port_portal)


@app.command()
def mail() -> None:
    """Serve the trial mail service."""
    from sandbox.http import Journal, secret
    from sandbox.mail.app import create_app
    from sandbox.mail.models import ReceivedMessage

    settings = ContainerSettings()
    api_key, control_token = secret("SANDBOX_SENDGRID_KEY"), secret("SANDBOX_CONTROL_TOKEN")
    inbox = Journal(settings.home / "sandbox" / "mail" / "messages.jsonl", ReceivedMessage)
    events_url = f"{settings.airflow_url}/lotwatch-messages/v1/sendgrid"
    serve(create_app(inbox, api_key, control_token, SENDGRIDS_LIMIT, events_url), "mail", settings.port_mail)


@app.command("stand-in")
def stand_in(name: str) -> None:
    """Serve the trial logistics, compliance or hospital service, or the ways to people."""
    from importlib import import_module

    from sandbox.http import stand_in_app

    settings = ContainerSettings()
    create_app = import_module(f"sandbox.{name}.app").create_app
    serve(stand_in_app(name, create_app, settings.home / "sandbox" / name), name, settings.ports[name])


def need(settings: ContainerSettings, *names: str) -> None:
    """Raise LotwatchError if one of these secrets is empty."""
    missing = [_variable(name) for name in names if not settings.secrets[name]]
    if missing:
        raise LotwatchError(
            "Secrets are missing", where=", ".join(missing), do="set them in .env, see docker/env.example"
        )


def users(settings: ContainerSettings) -> list[dict[str, str]]:
    """The logins of the native installation that were given a password."""
    return [user for user in airflow.users(settings) if user["password"]]


def connections(settings: ContainerSettings) -> dict[str, str]:
    """Addresses by connection id: the one that was given, else the sandbox's if its secret is there, else none."""
    found = {}
    for conn_id, native in airflow.connections(settings).items():
        given = os.environ.get(f"LOTWATCH_CONNECTION_{conn_id.upper()}")
        if given:
            found[conn_id] = given
        elif urlsplit(native).password or conn_id in airflow.WITHOUT_LOGIN:
            found[conn_id] = native
        else:
            console.print(f"          no address for {conn_id}: add it in Airflow (Admin, Connections)")
    return found


def install_airflow(wanted: dict[str, Any]) -> None:
    """Migrate Airflow's database and add what is wanted, in the environment that Compose gave. Raises LotwatchError."""
    command = [sys.executable, "-m", "lotwatch_airflow.install"]
    if subprocess.run(command, input=json.dumps(wanted), text=True, check=False).returncode:
        raise LotwatchError("Airflow could not be installed", do="read what it says above")


def serve(application: Any, name: str, port: int) -> None:
    """Answer the other containers, who call the service by its name, and what is published of it."""
    import uvicorn
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    for middleware in application.user_middleware:
        if middleware.cls is TrustedHostMiddleware:
            middleware.kwargs["allowed_hosts"].append(name)
    uvicorn.run(
        application,
        host=_EVERYWHERE,
        port=port,
        log_level="warning",
        timeout_graceful_shutdown=1,
        date_header=not getattr(application.state, "tells_time", False),
    )


def _variable(secret: str) -> str:
    return f"LOTWATCH_SECRET_{secret.upper()}"


def main() -> None:
    """Run a command; what an operator can act on is said in one line."""
    try:
        app()
    except LotwatchError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
