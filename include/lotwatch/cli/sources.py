"""`lotwatch source`: the systems that are read."""

from datetime import UTC, datetime
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Annotated

import typer

from lotwatch.cli.shell import console, table
from lotwatch.errors import LotwatchError

if TYPE_CHECKING:
    from lotwatch.sources.connector import Login

app = typer.Typer(no_args_is_help=True, help="The systems that are read.")

_COLOURS = {"ok": "green", "odd": "yellow", "wrong": "red"}


@app.command("list")
def list_sources() -> None:
    """The sources of include/config/sources.yaml: of which kind, when they are read, whether they push."""
    from lotwatch.sources.registry import load_sources

    shown = table("source", "kind", "connection", "read", "pushes")
    for name, source in load_sources().items():
        shown.add_row(name, source.kind, source.connection or "", source.schedule or "never", source.push or "no")
    console.print(shown)


@app.command()
def check(
    name: Annotated[str, typer.Argument(help="a source of include/config/sources.yaml")],
    database: Annotated[
        str | None, typer.Option(envvar="LOTWATCH_DATABASE", help="also checks the fields against our own tables")
    ] = None,
) -> None:
    """Try a source: connection, login, rights, clock, one page of each entity. Keeps nothing; exit 1 if something is wrong."""
    from lotwatch.jobs.check import check_source
    from lotwatch.sources.connector import Login
    from lotwatch.sources.registry import source

    wanted = source(name)
    login = known_login(wanted.connection) if wanted.connection else Login("")
    wrong = 0
    for finding in check_source(wanted, login, datetime.now(UTC), _columns(database) if database else None):
        colour = _COLOURS[finding.state]
        console.print(f"[{colour}]{finding.state:<5}[/] {finding.subject}: ", end="")
        console.print(finding.what, markup=False, soft_wrap=True)
        if finding.do:
            console.print(f"      what to do: {finding.do}", markup=False, soft_wrap=True)
        wrong += finding.state == "wrong"
    raise typer.Exit(bool(wrong))


def known_login(conn_id: str) -> "Login":
    """Address and secret by the id of an Airflow connection: whoever keeps them offers it (entry point lotwatch.logins).

    Raises LotwatchError where nobody does, or there is no such connection.
    """
    offered = entry_points(group="lotwatch.logins")
    if not offered:
        raise LotwatchError("Nothing here knows Airflow's connections", do="install Lotwatch as README says")
    found: Login = next(iter(offered)).load()(conn_id)
    return found


def _columns(database: str) -> dict[str, list[str]]:
    import psycopg

    from lotwatch.gate.staging import staged_columns

    with psycopg.connect(database) as conn:
        return staged_columns(conn)
