"""`lotwatch trace`: where a lot, a serial unit, a shipment or a department's stock came from, went and is."""

import csv
import json
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

import psycopg
import typer

from lotwatch.cli.shell import Database, circumstances, console, moment
from lotwatch.errors import LotwatchError
from lotwatch.ledger.trace import Number, Trace, trace_department, trace_numbers, trace_shipment, trace_udi
from lotwatch.ledger.trace.follow import DEPTH
from lotwatch.ledger.trace.tree import as_tree

app = typer.Typer(no_args_is_help=True, help="Where lots and serial numbers came from, went and are.")

AsOf = Annotated[datetime | None, typer.Option(parser=moment, help="as things were then; default: as they are now")]
Depth = Annotated[int, typer.Option(min=0, max=100, help="how many repackings in a row are followed, each way")]
Lang = Annotated[Literal["en", "zh"], typer.Option(help="language of the tree")]
AsJson = Annotated[bool, typer.Option("--json", help="as JSON, with everything")]


@app.command()
def lot(
    database: Database,
    item_code: str,
    numbers: Annotated[list[str], typer.Argument(metavar="LOT...", help="one or several of its lots")],
    as_of: AsOf = None,
    depth: Depth = DEPTH,
    lang: Lang = "en",
    as_json: AsJson = False,
) -> None:
    """Trace lots of an item."""
    wanted = [Number(item_code, number) for number in numbers]
    _show(database, lambda conn: trace_numbers(conn, wanted, as_of, depth), lang, as_json)


@app.command()
def lots(
    database: Database,
    file: Annotated[
        typer.FileText, typer.Argument(encoding="utf-8-sig", help="CSV: item code, lot; - for standard input")
    ],
    as_of: AsOf = None,
    depth: Depth = DEPTH,
    lang: Lang = "en",
    as_json: AsJson = False,
) -> None:
    """Trace the lots that a file lists, all together."""
    wanted = _read_lots(file)
    _show(database, lambda conn: trace_numbers(conn, wanted, as_of, depth), lang, as_json)


@app.command()
def serial(
    database: Database,
    item_code: str,
    numbers: Annotated[list[str], typer.Argument(metavar="SERIAL...", help="one or several of its serial numbers")],
    as_of: AsOf = None,
    depth: Depth = DEPTH,
    lang: Lang = "en",
    as_json: AsJson = False,
) -> None:
    """Trace serial units of an item."""
    wanted = [Number(item_code, number, by_serial=True) for number in numbers]
    _show(database, lambda conn: trace_numbers(conn, wanted, as_of, depth), lang, as_json)


@app.command()
def udi(
    database: Database,
    raw: Annotated[str, typer.Argument(help="the text of a label, as scanned or typed")],
    as_of: AsOf = None,
    depth: Depth = DEPTH,
    lang: Lang = "en",
    as_json: AsJson = False,
) -> None:
    """Trace what a UDI label names."""
    today = circumstances("trace", "").as_of.date()
    _show(database, lambda conn: trace_udi(conn, raw, today, as_of, depth), lang, as_json)


@app.command()
def shipment(
    database: Database,
    reference: Annotated[
        str, typer.Argument(help="receipt document, number of an order or delivery, tracking number or SSCC")
    ],
    as_of: AsOf = None,
    depth: Depth = DEPTH,
    lang: Lang = "en",
    as_json: AsJson = False,
) -> None:
    """Trace all lots of a supplier's shipment."""
    _show(database, lambda conn: trace_shipment(conn, reference, as_of, depth), lang, as_json)


@app.command()
def department(
    database: Database,
    location_code: str,
    since: Annotated[datetime | None, typer.Option(parser=moment, help="what was there or used from then on")] = None,
    until: Annotated[datetime | None, typer.Option(parser=moment, help="and up to then")] = None,
    as_of: AsOf = None,
    depth: Depth = DEPTH,
    lang: Lang = "en",
    as_json: AsJson = False,
) -> None:
    """Trace all lots that were at a place, or used from there."""
    _show(database, lambda conn: trace_department(conn, location_code, since, until, as_of, depth), lang, as_json)


def _show(
    database: str, ask: Callable[[psycopg.Connection[Any]], Trace], lang: Literal["en", "zh"], as_json: bool
) -> None:
    with psycopg.connect(database) as conn:
        conn.read_only = True
        trace = ask(conn)
    if as_json:
        typer.echo(json.dumps(trace.as_json(), ensure_ascii=False, indent=2))
    else:
        console.print(as_tree(trace, lang))


def _read_lots(file: typer.FileText) -> list[Number]:
    rows = [(number, [cell.strip() for cell in row]) for number, row in enumerate(csv.reader(file), 1) if row]
    for number, row in rows:
        if len(row) != 2 or not all(row):
            raise LotwatchError(
                "A line is not an item code and a lot", where=f"{file.name}, line {number}", do="write: CODE,LOT"
            )
    if not rows:
        raise LotwatchError("The file lists no lots", where=file.name, do="write a line CODE,LOT for each")
    return [Number(item_code, lot_number) for _, (item_code, lot_number) in rows]
