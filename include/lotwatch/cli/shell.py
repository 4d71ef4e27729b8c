"""What all commands share: the database, who asks, and how it is printed."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lotwatch.audit import RunContext

console = Console(highlight=False)
Database = Annotated[str, typer.Option(envvar="LOTWATCH_DATABASE", help="postgresql://user:password@host/database")]
Actor = Annotated[str, typer.Option(envvar="USER", help="who, for the audit trail")]
Reason = Annotated[str, typer.Option(help="why, for the audit trail")]


def circumstances(command: str, actor: str) -> RunContext:
    """The circumstances of a command: now is its moment."""
    now = datetime.now(UTC)
    return RunContext("cli", f"cli__{now.isoformat()}", "manual", command, -1, 1, None, now, actor)


def data_docs() -> Path:
    """Where Great Expectations keeps its results and pages."""
    return Path(os.environ.get("LOTWATCH_HOME", "data")) / "data_docs"


def moment(text: str) -> datetime:
    """A moment as people write it, in UTC where no offset is given. Raises typer.BadParameter."""
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is no moment: write 2026-03-31 or 2026-03-31T18:00+08:00") from None
    return stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)


def table(*titles: str) -> Table:
    """An empty table with these columns."""
    made = Table(box=None, pad_edge=False)
    for place, title in enumerate(titles):
        made.add_column(title, overflow="fold", no_wrap=place == 0)  # what a row is called stays in one piece
    return made
