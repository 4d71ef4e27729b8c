"""`lotwatch approvals`: who must say yes to what; a change needs a second person."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer

from lotwatch.cli.changes import Number, activate_change, print_changes, submit_change
from lotwatch.cli.shell import Actor, Database, Reason, console

app = typer.Typer(no_args_is_help=True, help="Who must say yes to what is proposed.")
File = Annotated[Path | None, typer.Argument(help="(default: include/config/approvals.yaml)")]


@app.command()
def submit(database: Database, actor: Actor, reason: Reason, file: File = None) -> None:
    """Ask a second person to put the approval policies of a file in force."""
    from lotwatch import actions
    from lotwatch.paths import APPROVALS

    def content(conn: psycopg.Connection, at: datetime) -> Any:
        actions.active_policies(conn, at)  # so that what is shipped was the first
        return actions.policies_as_content(actions.load_policies(file or APPROVALS))

    submit_change(database, actor, reason, "approvals", "approval_policy", content)


@app.command()
def activate(database: Database, actor: Actor, number: Number) -> None:
    """Put a change set of approval policies in force: from the next question on. Who submitted it cannot."""
    activate_change(database, actor, number, "approvals", "approval_policy")


@app.command()
def show(database: Database) -> None:
    """The approval policies in force, and the latest change sets."""
    from lotwatch import actions, governance

    with psycopg.connect(database) as conn:
        for policy in actions.active_policies(conn, datetime.now(UTC)).policies:
            steps = "automatic" if policy.automatic else ", ".join(policy.steps)
            console.print(f"{policy.id}: {steps}{' (afterwards)' if policy.afterwards else ''}", markup=False)
        print_changes(governance.changes(conn, "approval_policy", pending=False, limit=20))
