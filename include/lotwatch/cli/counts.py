"""`lotwatch count`: opening balances and stocktakes, from the count to its approval."""

from typing import Annotated, Literal

import psycopg
import typer

from lotwatch.cli.shell import Actor, Database, circumstances, console, table

app = typer.Typer(
    no_args_is_help=True, help="Opening balances and stocktakes (bring one in: lotwatch load count FILE)."
)
Code = Annotated[str, typer.Argument(help="code of the count, such as ST-000007")]


@app.command("list")
def list_counts(database: Database, limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50) -> None:
    """Counts, those that wait for a decision first, with how far they are from the books."""
    from lotwatch.ledger.counts import list_counts as counts

    with psycopg.connect(database) as conn:
        found = counts(conn, limit=limit)
    rows = table("count", "kind", "site", "counted", "by", "lines", "differ", "units", "state", "decided by")
    for count in found:
        rows.add_row(
            count.code,
            count.kind,
            count.site_code,
            f"{count.counted_at:%Y-%m-%d %H:%M}",
            count.counted_by or "",
            str(count.lines),
            str(count.differing),
            str(count.variance),
            count.state,
            count.decided_by or "",
        )
    console.print(rows)


@app.command()
def show(database: Database, code: Code) -> None:
    """The lines of a count that differ from the books of its moment (base units)."""
    from lotwatch.ledger.counts import count_of, differing_lines

    with psycopg.connect(database) as conn:
        lines = differing_lines(conn, count_of(conn, code))
    rows = table("item", "place", "lot or serial", "owner", "status", "counted", "books", "difference")
    for line in lines:
        rows.add_row(
            line.item_code,
            line.location_code,
            line.serial_number or line.lot_number or "",
            line.owner,
            line.status,
            str(line.counted),
            str(line.expected),
            f"{line.variance:+d}",
        )
    console.print(rows)
    console.print(f"{len(lines)} lines differ, by {sum(abs(line.variance) for line in lines)} units.")


@app.command()
def approve(database: Database, code: Code, actor: Actor, note: Annotated[str | None, typer.Option()] = None) -> None:
    """Approve a count: the difference is moved, and the books go on from it. Not by who counted."""
    _decide(database, code, "approved", actor, note)


@app.command()
def reject(database: Database, code: Code, actor: Actor, note: Annotated[str | None, typer.Option()] = None) -> None:
    """Reject a count: nothing changes."""
    _decide(database, code, "rejected", actor, note)


def _decide(database: str, code: str, decision: Literal["approved", "rejected"], actor: str, note: str | None) -> None:
    from lotwatch.audit import begin_run
    from lotwatch.jobs import stock
    from lotwatch.ledger.counts import count_of

    with psycopg.connect(database) as conn:
        context = begin_run(conn, circumstances("count", actor))
        moved = stock.decide_count(conn, count_of(conn, code), decision, context, decided_by=actor, note=note)
    console.print(f"{code} is {decision}: {moved} movements.")
