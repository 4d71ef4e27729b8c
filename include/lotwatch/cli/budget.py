"""`lotwatch budget`: what sites may order for; a change needs a second person."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from lotwatch.cli.rules import Number, print_changes
from lotwatch.cli.shell import Actor, Database, Reason, circumstances, console

app = typer.Typer(no_args_is_help=True, help="What sites may order for in a month.")
File = Annotated[Path | None, typer.Argument(help="(default: include/config/budgets.yaml)")]


@app.command()
def submit(database: Database, actor: Actor, reason: Reason, file: File = None) -> None:
    """Ask a second person to put the budgets of a file in force."""
    from lotwatch import actions, governance
    from lotwatch.audit import begin_run
    from lotwatch.paths import BUDGETS

    with psycopg.connect(database) as conn:
        context = begin_run(conn, circumstances("budget submit", actor))
        actions.active_budgets(conn, context.as_of)  # so that what is shipped was the first
        content = actions.as_content(actions.load_budgets(file or BUDGETS))
        number = governance.submit(conn, context, "budget", content, reason=reason)
    console.print(f"Change set {number} waits for a second person: lotwatch budget activate {number}")


@app.command()
def activate(database: Database, actor: Actor, number: Number) -> None:
    """Put a change set of budgets in force: from the next time orders are guarded. Who submitted it cannot."""
    from lotwatch import governance
    from lotwatch.audit import begin_run

    with psycopg.connect(database) as conn:
        governance.activate(conn, begin_run(conn, circumstances("budget activate", actor)), number, "budget")
    console.print(f"Change set {number} is in force.")


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
