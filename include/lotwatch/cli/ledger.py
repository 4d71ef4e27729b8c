"""`lotwatch ledger`: does it reconcile, and what was where?"""

from typing import Annotated

import psycopg
import typer

from lotwatch.cli.shell import Actor, Database, circumstances, console, moment, table

app = typer.Typer(no_args_is_help=True, help="The ledger.")


@app.command()
def verify(database: Database) -> None:
    """Compare positions, item totals, serial numbers and receipts with the movements; print differences (exit 1)."""
    from lotwatch.ledger import verify as differences_of

    with psycopg.connect(database) as conn:
        differences = differences_of(conn)
    if differences:
        rows = table("compared", "of", "found", "should be")
        for row in differences:
            rows.add_row(row.check, row.subject, str(row.found), str(row.expected))
        console.print(rows)
    console.print(f"{len(differences)} differences." if differences else "Everything derived equals the movements.")
    raise typer.Exit(bool(differences))


@app.command()
def rebuild(database: Database, actor: Actor) -> None:
    """Derive positions and receipts from the movements anew. Nothing is posted meanwhile; everything can be read."""
    from lotwatch import ledger
    from lotwatch.audit import begin_run, record

    with psycopg.connect(database) as conn:
        context = begin_run(conn, circumstances("ledger rebuild", actor))
        differed = ledger.rebuild(conn)
        record(conn, context, "ledger rebuilt", "ledger", "positions", after={"differed": differed})
    console.print(f"{differed} rows differed and were put right." if differed else "Nothing differed.")


@app.command()
def snapshot(
    database: Database, at: Annotated[str, typer.Argument(help="moment, such as 2026-03-01 (UTC) or with an offset")]
) -> None:
    """Keep the whole stock of a moment, from which past days are shown quickly. Once is enough."""
    from lotwatch.ledger import take_snapshot

    with psycopg.connect(database, autocommit=True) as conn:
        positions = take_snapshot(conn, moment(at))
    console.print(f"{positions} positions kept." if positions else "There was nothing to keep, or it was kept before.")


@app.command()
def stock(
    database: Database,
    at: Annotated[
        str | None, typer.Option(help="moment, such as 2026-03-31 or 2026-03-31T18:00+08:00 (default: now)")
    ] = None,
    known_at: Annotated[
        str | None, typer.Option(help="by what had been recorded by this moment (default: now)")
    ] = None,
    item: Annotated[str | None, typer.Option(help="only this item's code")] = None,
    site: Annotated[str | None, typer.Option(help="only this site's code")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 50,
) -> None:
    """What was available at each site at a moment, as known now or as known then (base units)."""
    from lotwatch import facts

    as_of = moment(at) if at else circumstances("ledger stock", "").as_of
    with psycopg.connect(database) as conn:
        if at or known_at:
            facts.at(conn, as_of, moment(known_at) if known_at else None)
        else:
            facts.live(conn, as_of)
        rows, total = facts.stock(conn, item_code=item, site_code=site, limit=limit)
    shown = table("item", "site", "physical", "held", "expired", "allocated", "available", "in transit", "on order")
    for row in rows:
        measures = (row.physical, row.held, row.expired, row.allocated, row.available, row.in_transit, row.on_order)
        shown.add_row(row.item_code, row.site_code, *map(str, measures))
    console.print(shown)
    console.print(f"{len(rows)} of {total} at {as_of:%Y-%m-%d %H:%M %Z}.")
