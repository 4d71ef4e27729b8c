"""`lotwatch inbox`: what other systems have pushed."""

import sys
from typing import Annotated

import psycopg
import typer

from lotwatch.cli.shell import Actor, Database, Reason, circumstances, console, table

app = typer.Typer(no_args_is_help=True, help="What other systems have pushed.")


@app.command("list")
def list_inbox(
    database: Database,
    source: Annotated[str | None, typer.Option(help="only of this source")] = None,
    waiting: Annotated[bool, typer.Option("--waiting", help="only what was not read yet")] = False,
    unreadable: Annotated[bool, typer.Option("--unreadable", help="only what could not be read")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
) -> None:
    """Messages, the newest first: who sent them, which key had signed them, and what became of them."""
    from lotwatch.sources import inbox

    with psycopg.connect(database) as conn:
        found = inbox.list_bodies(conn, source=source, waiting=waiting, unreadable=unreadable, limit=limit)
    rows = table("number", "source", "sender's id", "key", "received", "events", "bytes", "state", "batch", "error")
    for kept in found:
        rows.add_row(
            str(kept.inbox_id),
            kept.source,
            kept.event_id,
            kept.key_id,
            f"{kept.received_at:%Y-%m-%d %H:%M:%S}",
            str(kept.events),
            str(kept.size),
            kept.state,
            str(kept.batch_id or ""),
            kept.error or "",
        )
    console.print(rows)


@app.command()
def show(
    database: Database,
    number: Annotated[int, typer.Argument(help="its number in the inbox")],
    body: Annotated[
        bool, typer.Option("--body", help="print the message as it was received, and nothing else")
    ] = False,
) -> None:
    """One message: what is known of it, or the message itself."""
    from lotwatch.sources import inbox

    with psycopg.connect(database) as conn:
        content = inbox.body_of(conn, number)
        if body:
            sys.stdout.buffer.write(content)
            return
        (kept,) = inbox.list_bodies(conn, inbox_id=number)
    rows = table("", "")
    for name in (
        "source",
        "event_id",
        "key_id",
        "received_at",
        "media",
        "events",
        "size",
        "state",
        "batch_id",
        "error",
    ):
        rows.add_row(name, str(getattr(kept, name) if getattr(kept, name) is not None else ""))
    console.print(rows)


@app.command()
def replay(
    database: Database,
    reason: Reason,
    actor: Actor,
    numbers: Annotated[list[int] | None, typer.Argument(help="numbers in the inbox")] = None,
    source: Annotated[str | None, typer.Option(help="all unreadable ones of this source")] = None,
) -> None:
    """Let messages be read once more: handle_events does it within seconds. What was posted is not posted twice."""
    from lotwatch.audit import begin_run
    from lotwatch.sources import inbox

    if bool(numbers) == bool(source):
        raise typer.BadParameter("name either numbers or --source")
    context = circumstances("inbox replay", actor)
    with psycopg.connect(database) as conn:
        chosen = numbers or [
            kept.inbox_id for kept in inbox.list_bodies(conn, source=source, unreadable=True, limit=10_000)
        ]
        inbox.replay(conn, begin_run(conn, context), chosen, reason)
    console.print(f"Read once more: {len(chosen)}.")
