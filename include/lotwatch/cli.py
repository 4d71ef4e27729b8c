"""`lotwatch`: what the ops team does from a shell. The database is named by --database or LOTWATCH_DATABASE."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from rich.console import Console
from rich.table import Table

from lotwatch.errors import LotwatchError

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
ledger_app = typer.Typer(no_args_is_help=True, help="The ledger.")
rules_app = typer.Typer(no_args_is_help=True, help="Decision tables.")
quarantine_app = typer.Typer(no_args_is_help=True, help="Records that were kept out of the ledger.")
facts_app = typer.Typer(no_args_is_help=True, help="What rules and pages read.")
app.add_typer(ledger_app, name="ledger")
app.add_typer(rules_app, name="rules")
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(facts_app, name="facts")

console = Console(highlight=False)
Database = Annotated[str, typer.Option(envvar="LOTWATCH_DATABASE", help="postgresql://user:password@host/database")]


@ledger_app.command()
def verify(database: Database) -> None:
    """Compare positions with the sum of movements; print differences (exit 1 when there are any)."""
    from lotwatch.ledger import verify as differences_of

    with psycopg.connect(database) as conn:
        differences = differences_of(conn)
    for row in differences:
        console.print(f"{row.item_code} at {row.location_code}: position {row.position}, movements {row.movements}")
    console.print("Positions equal movements." if not differences else f"{len(differences)} differences.")
    raise typer.Exit(bool(differences))


@rules_app.command()
def check(
    database: Database,
    folder: Annotated[Path | None, typer.Argument(help="folder of tables (default: include/rules)")] = None,
) -> None:
    """Read the decision tables and compile every rule against the database's facts."""
    from itertools import groupby

    from lotwatch import facts
    from lotwatch.paths import RULES
    from lotwatch.rules import load_rules
    from lotwatch.rules.compile import compile_rules

    rules = sorted(load_rules(folder or RULES), key=lambda rule: rule.subject)
    with psycopg.connect(database) as conn:
        known = facts.columns(conn)
    for subject, group in groupby(rules, key=lambda rule: rule.subject):
        compile_rules(subject, list(group), known[f"fact_{subject}"])
    console.print(f"{len(rules)} rules can be used as written.")


@quarantine_app.command("list")
def list_quarantine(
    database: Database,
    source: Annotated[str | None, typer.Option(help="only of this source")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
) -> None:
    """Open records with their reasons, newest first."""
    from lotwatch.gate.quarantine import open_rows

    with psycopg.connect(database) as conn:
        rows, total = open_rows(conn, source=source, limit=limit)
    table = Table(box=None)
    for title in ("id", "source", "entity", "record", "reasons"):
        table.add_column(title)
    for row in rows:
        table.add_row(str(row.quarantine_id), row.source, row.entity, row.source_key, "; ".join(row.reasons))
    console.print(table)
    console.print(f"{len(rows)} of {total} open records.")


@quarantine_app.command()
def replay(
    database: Database,
    ids: Annotated[list[int], typer.Argument(help="quarantine ids")],
    reason: Annotated[str, typer.Option(help="why, for the audit trail")],
    actor: Annotated[str, typer.Option(envvar="USER", help="who, for the audit trail")],
    correct: Annotated[str, typer.Option(help='corrected fields as JSON, such as {"quantity": 3}')] = "{}",
) -> None:
    """Stage records again, corrected or not; the source's next sync judges and posts them."""
    from lotwatch.audit import RunContext, begin_run
    from lotwatch.gate import replay as replay_rows

    now = datetime.now(UTC)
    context = RunContext("cli", f"cli__{now.isoformat()}", "manual", "quarantine replay", -1, 1, None, now, actor)
    with psycopg.connect(database) as conn:
        batches = replay_rows(conn, begin_run(conn, context), reason=reason, ids=ids, corrections=json.loads(correct))
    console.print(f"Staged {len(ids)} records as batch {', '.join(map(str, batches))}: the next sync judges them.")


@facts_app.command()
def reference(database: Database) -> None:
    """The reference of fact views as Markdown (docs/reference/facts.md)."""
    from lotwatch.facts.reference import as_markdown

    with psycopg.connect(database) as conn:
        typer.echo(as_markdown(conn), nl=False)


def main() -> None:
    """Run the command line; an error that an operator can act on is told without a traceback."""
    try:
        app()
    except LotwatchError as error:
        Console(stderr=True, highlight=False).print(f"[red]{error}[/]")
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
