"""`lotwatch match`: which of our items a code that nobody knows may be."""

from typing import Annotated, Literal

import psycopg
import typer

from lotwatch.cli.shell import Actor, Database, circumstances, console, table

app = typer.Typer(no_args_is_help=True, help="Suggested matches for codes that nobody knows.")
Number = Annotated[int, typer.Argument(help="number of the suggestion, as `list` shows it")]
Note = Annotated[str | None, typer.Option(help="why, for the audit trail")]


@app.command()
def suggest(database: Database, actor: Actor) -> None:
    """Compare what is unmatched with our items, as the daily run does."""
    from lotwatch.audit import begin_run
    from lotwatch.jobs import consistency as jobs

    with psycopg.connect(database) as conn:
        counts = jobs.suggest_matches(conn, begin_run(conn, circumstances("match suggest", actor)))
    console.print(f"{counts['suggested']} suggestions, {counts['new']} of them new.")


@app.command("list")
def list_matches(
    database: Database,
    state: Annotated[Literal["proposed", "confirmed", "rejected", "obsolete"], typer.Option()] = "proposed",
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    lang: Annotated[Literal["en", "zh"], typer.Option("--lang", help="language of the reasons")] = "en",
) -> None:
    """Suggestions with their reasons, those that most records wait for first."""
    from lotwatch.consistency.matching import list_suggestions

    with psycopg.connect(database) as conn:
        found = list_suggestions(conn, state=state, limit=limit)
    rows = table("no.", "system", "their code", "described as", "our item", "score", "why", "waiting")
    for each in found:
        rows.add_row(
            str(each.suggestion_id),
            each.system,
            each.their_code,
            " ".join(each.theirs.values()),
            f"{each.our_code} {each.item_name or ''}",
            str(each.score),
            each.reason[lang],
            str(each.waiting),
        )
    console.print(rows)


@app.command()
def confirm(
    database: Database,
    number: Number,
    actor: Actor,
    units: Annotated[int | None, typer.Option(min=1, help="base units in a package with that identifier")] = None,
    note: Note = None,
) -> None:
    """Take a suggestion as right: the code is known from now on, and what waited for it is tried again."""
    from lotwatch.audit import begin_run
    from lotwatch.consistency import matching

    with psycopg.connect(database) as conn:
        context = begin_run(conn, circumstances("match confirm", actor))
        waiting = matching.confirm(conn, context, number, by=actor, note=note, units_contained=units)
    console.print(f"Match {number} is confirmed: the next sync judges {waiting} records again.")


@app.command()
def reject(database: Database, number: Number, actor: Actor, note: Note = None) -> None:
    """Take a suggestion as wrong: the same pair is not suggested again."""
    from lotwatch.audit import begin_run
    from lotwatch.consistency import matching

    with psycopg.connect(database) as conn:
        matching.reject(conn, begin_run(conn, circumstances("match reject", actor)), number, by=actor, note=note)
    console.print(f"Match {number} is rejected.")
