"""`lotwatch hold`: what may not be used, and who may lift that."""

from typing import Annotated

import psycopg
import typer

from lotwatch.cli.shell import Actor, Database, Reason, circumstances, console, table
from lotwatch.ledger.holds import Cause

app = typer.Typer(no_args_is_help=True, help="Holds.")


@app.command("list")
def list_holds(
    database: Database,
    all_: Annotated[bool, typer.Option("--all", help="released ones too")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
) -> None:
    """Holds, the newest first: what they cover, who may release them, and whether the warehouse has confirmed them."""
    from lotwatch.ledger.holds import list_holds as holds

    with psycopg.connect(database) as conn:
        found = holds(conn, released=all_, limit=limit)
    rows = table(
        "hold", "cause", "reference", "item", "lot or serial", "place", "placed", "by", "confirmed", "released"
    )
    for hold in found:
        rows.add_row(
            str(hold.hold_id),
            hold.cause,
            hold.reference,
            hold.item_code or "all",
            hold.serial_number or hold.lot_number or "all",
            hold.location_code or "everywhere",
            f"{hold.placed_at:%Y-%m-%d %H:%M}",
            hold.placed_by,
            f"{hold.confirmed_at:%Y-%m-%d %H:%M}" if hold.confirmed_at else "not yet",
            f"{hold.released_at:%Y-%m-%d %H:%M} {hold.released_by}"
            if hold.released_at
            else f"only by {hold.authority}",
        )
    console.print(rows)


@app.command()
def place(
    database: Database,
    cause: Annotated[Cause, typer.Argument(help="why: it decides who may release the hold")],
    reference: Annotated[str, typer.Argument(help="the cause's own number: a complaint, a notice, an excursion")],
    reason: Reason,
    actor: Actor,
    item: Annotated[str | None, typer.Option(help="code of the item")] = None,
    lot: Annotated[str | None, typer.Option(help="its lot number")] = None,
    serial: Annotated[str | None, typer.Option(help="its serial number")] = None,
    location: Annotated[str | None, typer.Option(help="code of a place, with everything under it")] = None,
) -> None:
    """Hold what all the options given name together, wherever it is and whatever arrives later."""
    from lotwatch.audit import begin_run
    from lotwatch.jobs import stock
    from lotwatch.ledger.holds import named

    with psycopg.connect(database) as conn:
        context = begin_run(conn, circumstances("hold place", actor))
        hold = named(conn, cause, reference, reason, item=item, lot=lot, serial=serial, location=location)
        hold_id = stock.place_hold(conn, hold, context, actor)
    console.print(f"Hold {hold_id} is in force." if hold_id else "That hold is in force already.")


@app.command()
def release(
    database: Database,
    hold: Annotated[int, typer.Argument(help="number of the hold")],
    authority: Annotated[str, typer.Option(help="in which capacity: quality, recall, warehouse, ...")],
    reason: Reason,
    actor: Actor,
) -> None:
    """Release one hold; others on the same stock stay."""
    from lotwatch import ledger
    from lotwatch.audit import begin_run

    with psycopg.connect(database) as conn:
        context = begin_run(conn, circumstances("hold release", actor))
        ledger.release_hold(conn, hold, context, authorities={authority}, released_by=actor, reason=reason)
    console.print(f"Hold {hold} is released.")
