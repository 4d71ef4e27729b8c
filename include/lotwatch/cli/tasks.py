"""`lotwatch tasks`: what people must carry out, and what became of it."""

from typing import Annotated

import psycopg
import typer

from lotwatch.cli.shell import Actor, Database, circumstances, console, table

app = typer.Typer(
    no_args_is_help=True, help="Tasks: dispositions, checks, work orders and cases that people carry out."
)
Reference = Annotated[str, typer.Argument(help="reference of the task, such as LW-T-000007")]


@app.command("list")
def list_tasks(
    database: Database,
    all_: Annotated[bool, typer.Option("--all", help="closed ones too")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
) -> None:
    """Tasks, the most urgent first."""
    from lotwatch.actions import tasks

    with psycopg.connect(database) as conn:
        found = tasks.list_tasks(conn, closed=all_, limit=limit)
    rows = table("task", "kind", "where", "whose", "by (UTC)", "state", "what")
    for task in found:
        rows.add_row(
            task.reference,
            task.kind,
            task.place_code or task.site_code,
            task.role,
            f"{task.deadline:%Y-%m-%d %H:%M}",
            task.state,
            task.what["en"],
        )
    console.print(rows)


@app.command()
def show(database: Database, reference: Reference) -> None:
    """A task: what of which lots, how much of it is done, and its checklist."""
    from lotwatch.actions import tasks

    with psycopg.connect(database) as conn:
        task = tasks.load_task(conn, tasks.task_of(conn, reference))
    console.print(f"{task.reference} ({task.kind}, {task.state}): {task.what['en']}")
    console.print(f"{task.place_name or task.site_name}, {task.role}, by {task.deadline:%Y-%m-%d %H:%M} UTC")
    if task.closed_at:
        said = " ".join(filter(None, (task.note, task.evidence)))
        console.print(f"closed by {task.closed_by}, {task.closed_at:%Y-%m-%d %H:%M} UTC {said}".rstrip())
    rows = table("item", "lot or serial", "place", "quantity", "done")
    for line in task.lines:
        done = line.gone if task.state == "open" else line.done_quantity
        number = line.serial_number or line.lot_number or ""
        rows.add_row(line.item_code, number, line.location_code, str(line.quantity), "" if done is None else str(done))
    console.print(rows)
    for point in task.checklist:
        console.print(f"{point['key']}: {point['en']} {task.answers.get(point['key'], '')}".rstrip())


@app.command()
def close(
    database: Database,
    reference: Reference,
    actor: Actor,
    state: Annotated[str, typer.Option(help="done, failed or cancelled")] = "done",
    note: Annotated[str | None, typer.Option(help="needed where it was not done")] = None,
    evidence: Annotated[str | None, typer.Option(help="the number of a document, or where a picture is")] = None,
    answer: Annotated[list[str] | None, typer.Option(help="of a point of its checklist: KEY=passed")] = None,
) -> None:
    """Close a task: all of it was done, or it failed, or it will not be done."""
    from lotwatch.actions import tasks
    from lotwatch.audit import begin_run

    if state not in {"done", "failed", "cancelled"}:
        raise typer.BadParameter("done, failed or cancelled")
    answers = dict(each.partition("=")[::2] for each in answer or [])
    result = tasks.Result(state, actor, note, evidence, answers=answers)  # type: ignore[arg-type]  # checked when it is closed
    with psycopg.connect(database) as conn:
        context = begin_run(conn, circumstances("tasks", actor))
        tasks.close_task(conn, tasks.task_of(conn, reference), result, context)
    console.print(f"{reference} is {state}.")
