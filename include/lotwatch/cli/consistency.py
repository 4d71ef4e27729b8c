"""`lotwatch consistency`: what is said in one system and not in another."""

from typing import Annotated, Literal

import psycopg
import typer

from lotwatch.cli.shell import Actor, Database, Reason, circumstances, console, table

app = typer.Typer(no_args_is_help=True, help="Checks across systems and what they found.")
Language = Annotated[Literal["en", "zh"], typer.Option("--lang", help="language of the words")]


@app.command()
def run(
    database: Database,
    actor: Actor,
    checks: Annotated[list[str] | None, typer.Argument(help="only these checks (all unless named)")] = None,
    lang: Language = "en",
) -> None:
    """Run the checks now; ops is told of what is new, once a day."""
    from lotwatch.audit import begin_run
    from lotwatch.jobs import consistency as jobs

    with psycopg.connect(database) as conn:
        context = begin_run(conn, circumstances("consistency run", actor))
        done = jobs.check(conn, context, checks or ())
    rows = table("check", "looked at", "found", "new", "what")
    for outcome in done:
        rows.add_row(
            outcome.check.id,
            str(outcome.examined if outcome.examined is not None else "?"),
            str(outcome.found if outcome.found is not None else "broken"),
            str(outcome.fresh if outcome.fresh is not None else ""),
            outcome.error or getattr(outcome.check.title, lang),
        )
    console.print(rows)
    if any(outcome.error for outcome in done):
        raise typer.Exit(1)


@app.command("list")
def list_checks(database: Database, lang: Language = "en") -> None:
    """The checks, when each ran last and what is open."""
    from lotwatch.consistency import load_checks, standings

    with psycopg.connect(database) as conn:
        known = {each.check_id: each for each in standings(conn, circumstances("consistency list", "").as_of)}
    rows = table("check", "severity", "last run", "state", "open", "accepted", "what")
    for name, check in load_checks().items():
        last = known.get(name)
        rows.add_row(
            name,
            check.severity,
            f"{last.as_of:%Y-%m-%d %H:%M}" if last else "never",
            last.state if last else "",
            str(last.open) if last else "",
            str(last.accepted) if last else "",
            (last.error if last and last.error else None) or getattr(check.title, lang),
        )
    console.print(rows)


@app.command()
def show(
    database: Database,
    check: Annotated[str, typer.Argument(help="name of the check, as `list` shows it")],
    state: Annotated[Literal["open", "accepted", "resolved"], typer.Option(help="findings in this state")] = "open",
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    lang: Language = "en",
) -> None:
    """What a check has found, with its evidence, the largest difference first."""
    from lotwatch.consistency import choose, list_findings

    (chosen,) = choose([check])
    with psycopg.connect(database) as conn:
        as_of = circumstances("consistency show", "").as_of
        found = list_findings(conn, as_of, check=check, state=state, limit=limit)
    console.print(f"{getattr(chosen.title, lang)}. {getattr(chosen.do, lang)}")
    rows = table("finding", "since", *(getattr(words, lang) for words in chosen.columns.values()), "difference")
    for finding in found:
        rows.add_row(
            str(finding.finding_id),
            f"{finding.first_seen:%Y-%m-%d}",
            *("" if (value := finding.evidence.get(name)) is None else str(value) for name in chosen.columns),
            "" if finding.quantity is None else f"{finding.quantity:+}",
        )
    console.print(rows)


@app.command()
def accept(
    database: Database,
    finding: Annotated[int, typer.Argument(help="number of the finding, as `show` shows it")],
    through: Annotated[str, typer.Option(help="the last day on which it passes as known, such as 2026-12-31")],
    reason: Reason,
    actor: Actor,
) -> None:
    """Take a finding as known until a day; it comes back when its difference grows."""
    from datetime import date

    from lotwatch import consistency
    from lotwatch.audit import begin_run

    try:
        day = date.fromisoformat(through)
    except ValueError:
        raise typer.BadParameter(f"{through} is no day: write 2026-12-31") from None
    with psycopg.connect(database) as conn:
        context = begin_run(conn, circumstances("consistency accept", actor))
        consistency.accept(conn, context, finding, through=day, reason=reason, accepted_by=actor)
    console.print(f"Finding {finding} is accepted through {day}.")
