"""`lotwatch source`: the systems that are read, and what their tables are to us."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import entry_points
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import psycopg
import typer

from lotwatch.cli.load import print_loaded, print_preview
from lotwatch.cli.shell import Actor, Database, circumstances, console, table
from lotwatch.errors import LotwatchError

if TYPE_CHECKING:
    from lotwatch.sources.connector import Connector, Login, Record

app = typer.Typer(no_args_is_help=True, help="The systems that are read, and what their tables are to us.")

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
    from lotwatch.gate.staging import staged_columns

    with psycopg.connect(database) as conn:
        return staged_columns(conn)


@app.command("map")
def map_files(
    mapping: Annotated[
        Path, typer.Argument(help="the mapping file, such as include/config/mappings/samples/sap_s4.yaml")
    ],
    files: Annotated[list[Path], typer.Argument(help="CSV (also .gz) or Parquet, as exported from the tables")],
    database: Database,
    actor: Actor,
    entity: Annotated[str | None, typer.Option(help="what the rows are, where the files' names do not tell")] = None,
    feed: Annotated[str | None, typer.Option(help="which of the entity's feeds, where it has several")] = None,
    source: Annotated[str, typer.Option(help="the system that the files speak for: its codes are used")] = "file",
    rows: Annotated[int, typer.Option(min=0, max=1_000, help="how many records are shown")] = 5,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show and judge them, and keep nothing")] = False,
) -> None:
    """Read files as a mapping says: show the first records, then judge (and, without --dry-run, post) all of them."""
    from lotwatch.audit import begin_run
    from lotwatch.jobs.load import load, try_load
    from lotwatch.sources.tables import given_files

    tables = given_files(mapping, files, entity, feed)
    for each in tables.entities:
        for record in islice(_records(tables, each), rows):
            _show(each, record)
    context = circumstances("source map", actor)
    with psycopg.connect(database, autocommit=True) as conn:
        if dry_run:
            unmapped = sum(bool(record.problems) for each in tables.entities for record in _records(tables, each))
            console.print(f"{unmapped} records could not be mapped.")
            kept_out = unmapped + print_preview(try_load(conn, context, source, tables))
        else:
            docs = Path(os.environ.get("LOTWATCH_HOME", "data")) / "data_docs"
            kept_out = print_loaded(load(conn, begin_run(conn, context), source, tables, docs))
    raise typer.Exit(bool(kept_out))


def _records(tables: "Connector", entity: str) -> "Iterator[Record]":
    return (record for page in tables.changed(entity, None) for record in page.records)


def _show(entity: str, record: "Record") -> None:
    console.print(f"{entity} {record.source_key}", markup=False, style="bold")
    for name, value in record.row.items():
        if value is not None:
            console.print(f"  {name}: {value}", markup=False)
    for problem in record.problems:
        console.print(f"  ! {problem.field}: {problem.reason}", markup=False)


@app.command()
def columns(database: Database) -> None:
    """Print the columns of each entity and their types, as a mapping file may fill them (YAML)."""
    from lotwatch.sources.stage import entity_columns, staged_entities

    with psycopg.connect(database) as conn:
        typer.echo("# Written by `lotwatch source columns`: what a mapping can fill, and its types.")
        for entity in staged_entities(conn):
            typer.echo(f"{entity}:")
            for name, kind in entity_columns(conn, entity).items():
                if name != "stated":  # that is ours to write
                    typer.echo(f"  {name}: {kind}")
