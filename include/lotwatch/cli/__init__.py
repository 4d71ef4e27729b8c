"""`lotwatch`: what the ops team does from a shell. The database is named by --database or LOTWATCH_DATABASE."""

import typer
from rich.console import Console

from lotwatch.cli import (
    access,
    alerts,
    approvals,
    batches,
    budget,
    consistency,
    counts,
    facts,
    holds,
    inbox,
    ledger,
    match,
    messages,
    notices,
    people,
    quarantine,
    recall,
    rules,
    sources,
    stops,
    tasks,
    trace,
)  # fmt: skip
from lotwatch.cli.load import load
from lotwatch.cli.udi import udi
from lotwatch.errors import LotwatchError

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
app.command()(load)
app.add_typer(sources.app, name="source")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(inbox.app, name="inbox")
app.add_typer(batches.app, name="batch")
app.add_typer(ledger.app, name="ledger")
app.add_typer(counts.app, name="count")
app.add_typer(holds.app, name="hold")
app.add_typer(notices.app, name="notice")
app.add_typer(recall.app, name="recall")
app.add_typer(trace.app, name="trace")
app.command()(udi)
app.add_typer(facts.app, name="facts")
app.add_typer(rules.app, name="rules")
app.add_typer(approvals.app, name="approvals")
app.add_typer(budget.app, name="budget")
app.add_typer(alerts.app, name="alerts")
app.add_typer(consistency.app, name="consistency")
app.add_typer(match.app, name="match")
app.add_typer(messages.app, name="messages")
app.add_typer(people.app, name="people")
app.add_typer(stops.app, name="stop")
app.add_typer(tasks.app, name="tasks")
app.add_typer(access.app, name="access")


def main() -> None:
    """Run the command line; an error that an operator can act on is told without a traceback."""
    try:
        app()
    except LotwatchError as error:
        Console(stderr=True, highlight=False).print(f"[red]{error}[/]")
        raise SystemExit(1) from None
