"""`lotwatch quarantine`: records that were kept out of the ledger."""

import json
from typing import Annotated

import psycopg
import typer

from lotwatch.cli.shell import Actor, Database, Reason, circumstances, console, table

app = typer.Typer(no_args_is_help=True, help="Records that were kept out of the ledger.")


@app.command("list")
def list_quarantine(
    database: Database,
    source: Annotated[str | None, typer.Option(help="only of this source")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
) -> None:
    """Open records with their reasons, newest first."""
    from lotwatch.gate.quarantine import open_rows

    with psycopg.connect(database) as conn:
        rows, total = open_rows(conn, source=source, limit=limit)
    shown = table("id", "source", "entity", "record", "reasons")
    for row in rows:
        shown.add_row(str(row.quarantine_id), row.source, row.entity, row.source_key, "; ".join(row.reasons))
    console.print(shown)
    console.print(f"{len(rows)} of {total} open records.")


@app.command()
def replay(
    database: Database,
    ids: Annotated[list[int], typer.Argument(help="quarantine ids")],
    reason: Reason,
    actor: Actor,
    correct: Annotated[str, typer.Option(help='corrected fields as JSON, such as {"quantity": 3}')] = "{}",
) -> None:
    """Stage records again, corrected or not; the source's next sync judges and posts them."""
    from lotwatch.audit import begin_run
    from lotwatch.gate import replay as replay_rows

    context = circumstances("quarantine replay", actor)
    with psycopg.connect(database) as conn:
        batches = replay_rows(conn, begin_run(conn, context), reason=reason, ids=ids, corrections=json.loads(correct))
    console.print(f"Staged {len(ids)} records as batch {', '.join(map(str, batches))}: the next sync judges them.")
