"""`lotwatch recall`: what notices mean for our stock, and what people say of it."""

from typing import Annotated, Literal

import psycopg
import typer

from lotwatch.cli.shell import Actor, Database, Reason, circumstances, console, table

app = typer.Typer(no_args_is_help=True, help="Recall cases.")
Code = Annotated[str, typer.Argument(help="code of the case: RC-000001")]
Limit = Annotated[int, typer.Option(min=1, max=10_000)]
Numbers = Annotated[list[str] | None, typer.Option("--number", help="a lot or serial number; may be given again")]
Class = Literal["I", "II", "III"]
Action = Literal["remove", "correct", "inspect", "advise", "other"]


@app.command("list")
def list_cases(
    database: Database,
    all_: Annotated[bool, typer.Option("--all", help="closed ones too")] = False,
    limit: Limit = 50,
) -> None:
    """Cases, the latest first: class, what is asked for, how many lots and units are affected or wait for a person."""
    from lotwatch.recall.cases import list_cases as cases

    rows = table("case", "state", "class", "action", "affected", "to review", "held", "title")
    with psycopg.connect(database) as conn:
        for each in cases(conn, closed=all_, limit=limit):
            rows.add_row(
                each.code, each.state, each.recall_class or "-", each.action_kind, str(each.affected),
                str(each.to_review), f"{each.held_at:%Y-%m-%d %H:%M}" if each.held_at else "nothing", each.title[:80],
            )  # fmt: skip
    console.print(rows)


@app.command()
def show(code: Code, database: Database, limit: Limit = 500) -> None:
    """Each lot and unit of a case: the verdict, why, and the notice's own words."""
    _print(database, code, None, limit)


@app.command()
def review(
    database: Database, code: Annotated[str | None, typer.Option(help="of this case alone")] = None, limit: Limit = 50
) -> None:
    """What waits for a person, the gravest recalls first; it is held meanwhile."""
    _print(database, code, "needs_review", limit)


@app.command()
def answer(
    code: Code,
    verdict: Annotated[Literal["affected", "not_affected"], typer.Argument()],
    item: Annotated[str, typer.Argument(help="code of the item")],
    database: Database,
    reason: Reason,
    actor: Actor,
    number: Numbers = None,
) -> None:
    """Say of lots or units, or (without a number) of stock that has none, whether they are affected: holds follow."""
    from lotwatch.audit import begin_run
    from lotwatch.recall import cases

    with psycopg.connect(database) as conn:
        context = begin_run(conn, circumstances("recall answer", actor))
        subjects = cases.named(conn, item, number or [])
        for subject in subjects if number else subjects[:1]:
            cases.answer(conn, context, code, subject, verdict, by=actor, reason=reason)
    console.print(f"{code}: noted, and holds follow it.")


@app.command("open")
def open_case(
    item: Annotated[str, typer.Argument(help="code of the item")],
    database: Database,
    title: Annotated[str, typer.Option(help="what is wrong")],
    actor: Actor,
    number: Numbers = None,
    recall_class: Annotated[Class | None, typer.Option("--class", help="I is the most serious")] = None,
    action: Annotated[Action, typer.Option(help="what is asked for")] = "remove",
    unsure: Annotated[bool, typer.Option("--unsure", help="a precaution, until somebody has looked")] = False,
) -> None:
    """Open a case by a decision of our own, about lots or units of an item (without a number: all of it), and hold them."""
    from lotwatch.audit import begin_run
    from lotwatch.recall import cases

    with psycopg.connect(database) as conn:
        case = cases.open_by_quality(
            conn,
            begin_run(conn, circumstances("recall open", actor)),
            cases.named(conn, item, number or []),
            title=title,
            by=actor,
            recall_class=recall_class,
            action_kind=action,
            sure=not unsure,
        )
    console.print(f"{case.code} is open, and what it concerns is held.")


@app.command("match")
def match_notices(
    database: Database,
    actor: Actor,
    everything: Annotated[bool, typer.Option("--all", help="notices that were compared before, too")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="write nothing, and say what would be held")] = False,
) -> None:
    """Read and compare notices now, and hold what they concern; `receive_notices` is woken to have the cases responded to."""
    from lotwatch.audit import begin_run
    from lotwatch.recall import cases

    with psycopg.connect(database, autocommit=True) as conn:
        context = begin_run(conn, circumstances("recall match", actor))
        done = cases.open_cases(conn, context, everything=everything, dry_run=dry_run)
        if not dry_run:
            cases.wake(conn)
    for words in done.held:
        console.print(f"{'would hold' if dry_run else 'held'} {words}", markup=False)
    console.print(", ".join(f"{name}: {count}" for name, count in done.counts.items()))


def _print(database: str, code: str | None, verdict: Literal["needs_review"] | None, limit: int) -> None:
    from lotwatch.recall.cases import list_verdicts

    rows = table("case", "item", "number", "verdict", "why", "notice", "its words", "by")
    with psycopg.connect(database) as conn:
        for each in list_verdicts(conn, code=code, verdict=verdict, limit=limit):
            rows.add_row(
                each.code, each.item_code, each.number or "without", each.verdict, each.reason,
                each.notice_number or "-", each.said[:200], each.decided_by,
            )  # fmt: skip
    console.print(rows)
