"""Change sets from the shell: one person submits what is to be in force, another activates it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import psycopg
import typer
from rich.markup import escape

from lotwatch.cli.shell import circumstances, console, table

if TYPE_CHECKING:
    from lotwatch.governance import Kind

Number = Annotated[int, typer.Argument(min=1, help="number of the change set")]


def submit_change(
    database: str,
    actor: str,
    reason: str,
    command: str,
    kind: "Kind",
    content: Callable[[psycopg.Connection, datetime], Any],
) -> None:
    """Ask a second person to put what `content` reads (at a moment) in force; `command` is the group of commands."""
    from lotwatch import governance
    from lotwatch.audit import begin_run

    with psycopg.connect(database) as conn:
        context = begin_run(conn, circumstances(f"{command} submit", actor))
        number = governance.submit(conn, context, kind, content(conn, context.as_of), reason=reason)
    console.print(f"Change set {number} waits for a second person: lotwatch {command} activate {number}")


def activate_change(database: str, actor: str, number: int, command: str, kind: "Kind") -> None:
    """Put a change set of a kind in force. Who submitted it cannot."""
    from lotwatch import governance
    from lotwatch.audit import begin_run

    with psycopg.connect(database) as conn:
        governance.activate(conn, begin_run(conn, circumstances(f"{command} activate", actor)), number, kind)
    console.print(f"Change set {number} is in force.")


def print_changes(found: Sequence[Any]) -> None:
    """Change sets as a table."""
    rows = table("change set", "what", "submitted", "by", "reason", "state", "by")
    for each in found:
        decided = f"{each.decision} {each.decided_at:%Y-%m-%d %H:%M}" if each.decision else "waits for a second person"
        rows.add_row(
            str(each.change_set_id),
            each.kind,
            f"{each.submitted_at:%Y-%m-%d %H:%M}",
            escape(each.submitted_by),
            escape(each.reason),
            decided,
            escape(each.decided_by or ""),
        )
    console.print(rows)
