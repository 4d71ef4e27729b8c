"""`lotwatch approvals`: who must say yes to what; a change needs a second person."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from lotwatch.cli.rules import Number, print_changes
from lotwatch.cli.shell import Actor, Database, Reason, circumstances, console

app = typer.Typer(no_args_is_help=True, help="Who must say yes to what is proposed.")
File = Annotated[Path | None, typer.Argument(help="(default: include/config/approvals.yaml)")]


@app.command()
def submit(database: Database, actor: Actor, reason: Reason, file: File = None) -> None:
    """Ask a second person to put the approval policies of a file in force."""
    from lotwatch import actions, governance
    from lotwatch.audit import begin_run
    from lotwatch.paths import APPROVALS

    with psycopg.connect(database) as conn:
        context = begin_run(conn, circumstances("approvals submit", actor))
        actions.active_policies(conn, context.as_of)  # so that what is shipped was the first
        content = actions.policies_as_content(actions.load_policies(file or APPROVALS))
        number = governance.submit(conn, context, "approval_policy", content, reason=reason)
    console.print(f"Change set {number} waits for a second person: lotwatch approvals activate {number}")


@app.command()
def activate(database: Database, actor: Actor, number: Number) -> None:
    """Put a change set of approval policies in force: from the next question on. Who submitted it cannot."""
    from lotwatch import governance
    from lotwatch.audit import begin_run

    with psycopg.connect(database) as conn:
        governance.activate(
            conn, begin_run(conn, circumstances("approvals activate", actor)), number, "approval_policy"
        )
    console.print(f"Change set {number} is in force.")


@app.command()
def show(database: Database) -> None:
    """The approval policies in force, and the latest change sets."""
    from lotwatch import actions, governance

    with psycopg.connect(database) as conn:
        for policy in actions.active_policies(conn, datetime.now(UTC)).policies:
            steps = "automatic" if policy.automatic else ", ".join(policy.steps)
            console.print(f"{policy.id}: {steps}{' (afterwards)' if policy.afterwards else ''}", markup=False)
        print_changes(governance.changes(conn, "approval_policy", pending=False, limit=20))
