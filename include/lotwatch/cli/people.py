"""`lotwatch people`: who is told what."""

from pathlib import Path
from typing import Annotated

import psycopg
import typer

from lotwatch.cli.shell import Database, circumstances, console, table
from lotwatch.paths import PEOPLE

app = typer.Typer(no_args_is_help=True, help="Who is told what.")


@app.command()
def check(database: Database, file: Annotated[Path, typer.Argument(help="the list of subscribers")] = PEOPLE) -> None:
    """Show who is told what; fails where the list names something that there is not, or leaves a role out."""
    from lotwatch.delivery.people import load_people
    from lotwatch.jobs import people as jobs

    people = load_people(file)
    with psycopg.connect(database) as conn:
        wrong = jobs.check(conn, people, circumstances("people check", "").as_of)
    rows = table("subscriber", "language", "roles", "about", "from", "by", "when")
    for name, each in people.root.items():
        about = [*each.sites, *each.regions, *each.categories, *each.sources]
        quiet = each.quiet_hours
        when = [
            each.digest if isinstance(each.digest, str) else f"daily at {each.digest:%H:%M}",
            f"quiet {quiet.begin:%H:%M} to {quiet.end:%H:%M}" if quiet else "",
            f"at most {each.at_most} an hour" if each.at_most else "",
            each.time_zone if quiet or not isinstance(each.digest, str) else "",
        ]
        rows.add_row(
            name,
            each.language,
            ", ".join(each.roles),
            ", ".join(about) or "everything",
            each.severity,
            ", ".join(each.channel_names),
            ", ".join(filter(None, when)),
        )
    console.print(rows)
    for problem in wrong:
        console.print(problem, markup=False, style="red", soft_wrap=True)
    raise typer.Exit(bool(wrong))
