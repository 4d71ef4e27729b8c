"""`lotwatch stop`: the stop switch of what Lotwatch does by itself or with approval."""

from typing import Annotated

import psycopg
import typer

from lotwatch.actions.stops import Scope
from lotwatch.cli.shell import Actor, Database, Reason, circumstances, console, table

app = typer.Typer(no_args_is_help=True, help="The stop switch: nothing it covers is asked for or sent.")


@app.command("on")
def switch_on(
    database: Database,
    reason: Reason,
    actor: Actor,
    scope: Annotated[Scope, typer.Argument(help="what to stop")] = "all",
    key: Annotated[
        str, typer.Argument(help="the region, the rule's id or the supplier's code; of everything, nothing")
    ] = "",
) -> None:
    """Stop everything, or a region, a rule or a supplier, at once."""
    from lotwatch import actions
    from lotwatch.audit import begin_run

    with psycopg.connect(database) as conn:
        context = begin_run(conn, circumstances("stop on", actor))
        number = actions.stop(conn, scope, key, reason, context, actor)
    console.print(f"Stop {number} is in force." if number else "That stop is in force already.")


@app.command("off")
def switch_off(
    database: Database, number: Annotated[int, typer.Argument(help="number of the stop")], reason: Reason, actor: Actor
) -> None:
    """Lift a stop: the next runs ask for and send what it kept back."""
    from lotwatch import actions
    from lotwatch.audit import begin_run

    with psycopg.connect(database) as conn:
        context = begin_run(conn, circumstances("stop off", actor))
        actions.resume(conn, number, reason, context, actor)
    console.print(f"Stop {number} is lifted.")


@app.command("list")
def list_stops(
    database: Database, all_: Annotated[bool, typer.Option("--all", help="lifted ones too")] = False
) -> None:
    """The stops, the newest first."""
    from lotwatch import actions

    with psycopg.connect(database) as conn:
        found = actions.stops_in_force(conn, lifted=all_)
    rows = table("stop", "what", "why", "set", "by", "lifted")
    for each in found:
        rows.add_row(
            str(each.number),
            f"{each.scope} {each.key}".strip(),
            each.reason,
            f"{each.set_at:%Y-%m-%d %H:%M}",
            each.set_by,
            f"{each.lifted_at:%Y-%m-%d %H:%M} {each.lifted_by}" if each.lifted_at else "in force",
        )
    console.print(rows)
