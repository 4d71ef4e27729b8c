"""`lotwatch budget`: what sites may order for; a change needs a second person."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer

from lotwatch.cli.changes import Number, activate_change, print_changes, submit_change
from lotwatch.cli.shell import Actor, Database, Reason, console

app = typer.Typer(no_args_is_help=True, help="What sites may order for in a month.")
File = Annotated[Path | None, typer.Argument(help="(default: include/config/budgets.yaml)")]


@app.command()
def submit(database: Database, actor: Actor, reason: Reason, file: File = None) -> None:
    """Ask a second person to put the budgets of a file in force."""
    from lotwatch import actions
    from lotwatch.paths import BUDGETS

    def content(conn: psycopg.Connection, at: datetime) -> Any:
        actions.active_budgets(conn, at)  # so that what is shipped was the first
        return actions.as_content(actions.load_budgets(file or BUDGETS))

    submit_change(database, actor, reason, "budget", "budget", content)


@app.command()
def activate(database: Database, actor: Actor, number: Number) -> None:
    """Put a change set of budgets in force: from the next time orders are guarded. Who submitted it cannot."""
    activate_change(database, actor, number, "budget", "budget")


@app.command()
def show(database: Database) -> None:
    """The budgets in force, how far those of this month have come, and the latest change sets."""
    from lotwatch import actions, governance

    with psycopg.connect(database) as conn:
        for site, budget in actions.active_budgets(conn, datetime.now(UTC)).items():
            console.print(f"{site}: {budget.monthly:,} {budget.currency} a month", markup=False)
        for use in actions.budget_use(conn, datetime.now(UTC)):
            stages = ", ".join(
                f"{name} {getattr(use, name):,.2f}" for name in ("ordered", "in_transit", "accepted", "invoiced")
            )
            console.print(
                f"{use.site_code}, this month: {stages.replace('_', ' ')}; free {use.free:,.2f}", markup=False
            )
        print_changes(governance.changes(conn, "budget", pending=False, limit=20))
