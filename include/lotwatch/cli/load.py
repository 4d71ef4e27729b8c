"""`lotwatch load`: a file of one entity, by hand."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psycopg
import typer

from lotwatch.cli.shell import Actor, Database, circumstances, console, data_docs
from lotwatch.errors import LotwatchError, nearest

if TYPE_CHECKING:
    from lotwatch.gate import BatchOutcome
    from lotwatch.jobs.load import Loaded
    from lotwatch.sources.table import CsvTable


def load(
    entity: Annotated[str, typer.Argument(help="what each line is: item, location, agreement, lot, movement, ...")],
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV in UTF-8 or GB18030; its headers are the entity's columns, and a wrong one is told which there are"
        ),
    ],
    database: Database,
    actor: Actor,
    source: Annotated[str, typer.Option(help="the system that the file speaks for: its codes are used")] = "file",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="judge the file and keep nothing")] = False,
    time_zone: Annotated[str | None, typer.Option(help="of moments without one, such as Asia/Shanghai")] = None,
) -> None:
    """Read a CSV file, judge its records and post the good ones; print why others are kept out (exit 1)."""
    from lotwatch.audit import begin_run
    from lotwatch.jobs.load import load as load_file
    from lotwatch.jobs.load import try_load

    context = circumstances("load", actor)
    with psycopg.connect(database, autocommit=True) as conn:
        table = _table(conn, file, entity, time_zone)
        if dry_run:
            kept_out = print_preview(try_load(conn, context, source, table))
        else:
            kept_out = print_loaded(load_file(conn, begin_run(conn, context), source, table, data_docs()))
    raise typer.Exit(bool(kept_out))


def _table(conn: psycopg.Connection, file: Path, entity: str, time_zone: str | None) -> "CsvTable":
    from lotwatch.gate.suites import ENTITIES
    from lotwatch.sources.stage import entity_columns
    from lotwatch.sources.table import CsvTable

    if entity not in ENTITIES:
        raise LotwatchError(f'"{entity}" cannot be loaded', do=nearest(entity, ENTITIES))
    try:
        zone = ZoneInfo(time_zone) if time_zone else None
    except (ZoneInfoNotFoundError, ValueError):
        raise LotwatchError(f'"{time_zone}" is not a time zone', do="write one such as Asia/Shanghai") from None
    return CsvTable(file, entity, entity_columns(conn, entity), zone)


def print_loaded(loaded: "Loaded") -> int:
    """What became of a file; returns how many records are kept in quarantine."""
    for key, reasons in loaded.refused:
        console.print(f"{key}: {'; '.join(reasons)}", markup=False)
    changed = ", ".join(f"{count} {entity}" for entity, count in loaded.posted.items()) or "nothing"
    console.print(
        f"{loaded.read} records read, {loaded.passed} good ({loaded.warned} with a warning), "
        f"{loaded.quarantined} kept in quarantine. New or changed: {changed}."
    )
    return loaded.quarantined


def print_preview(outcome: "BatchOutcome") -> int:
    """What would become of a file; returns how many records would be kept in quarantine."""
    for entity in outcome.entities:
        for rule in entity.rules:
            for example in rule.examples:
                console.print(f"{rule.severity} {rule.rule}, {example.source_key}: {example.reason.en}", markup=False)
            if rule.failing > len(rule.examples):
                console.print(f"... and {rule.failing - len(rule.examples)} more of {rule.rule}", markup=False)
    read = sum(entity.read for entity in outcome.entities)
    kept_out = sum(entity.quarantined for entity in outcome.entities)
    console.print(f"{read} records read, {kept_out} would be kept in quarantine. Nothing was kept.")
    return kept_out
