"""`lotwatch notice`: recall notices and field safety notices."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import psycopg
import typer

from lotwatch.cli.shell import Actor, Database, circumstances, console, table
from lotwatch.errors import SourceError

app = typer.Typer(no_args_is_help=True, help="Recall notices.")

Class = Literal["I", "II", "III"]
Action = Literal["remove", "correct", "inspect", "advise", "other"]


@app.command()
def load(
    file: Annotated[Path, typer.Argument(help="the letter: text, e-mail (.eml), web page (.html) or PDF, up to 8 MB")],
    database: Database,
    actor: Actor,
    supplier: Annotated[str, typer.Option(help="code of the supplier who sent it")],
    number: Annotated[str, typer.Option(help="the supplier's own number of the notice")],
    written_on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="the day that it bears")] = None,
    recall_class: Annotated[Class | None, typer.Option(help="I is the most serious")] = None,
    action: Annotated[Action | None, typer.Option(help="what it asks for, where it says so")] = None,
    lots: Annotated[str | None, typer.Option(help="lots and serials, in the letter's words")] = None,
    firm: Annotated[str | None, typer.Option(help="the legal manufacturer")] = None,
    catalogue_number: Annotated[list[str] | None, typer.Option(help="of the manufacturer; may be given again")] = None,
) -> None:
    """Load a supplier's recall letter; loaded again when it has changed, it becomes another version."""
    from lotwatch.audit import begin_run
    from lotwatch.jobs.letters import receive
    from lotwatch.sources.letters import Stated, read_letter

    try:
        content = file.read_bytes()
    except OSError as error:
        raise SourceError(f"The file cannot be read: {error.strerror}", where=str(file)) from error
    letter = read_letter(content, file.name)
    stated = Stated(
        supplier=supplier,
        number=number,
        written_on=written_on.date() if written_on else None,
        recall_class=recall_class,
        action_kind=action,
        code_info=lots,
        firm=firm,
        catalogue_numbers=tuple(catalogue_number or ()),
    )
    with psycopg.connect(database, autocommit=True) as conn:
        received = receive(conn, begin_run(conn, circumstances("notice load", actor)), letter, stated)
    says = "is kept" if received.new else "says what it said before"
    console.print(f"Notice {number} of {supplier} {says}: {len(letter.text):,} characters.", markup=False)
    for each in letter.attachments:
        if not each.read:
            console.print(f"Not read: {each.name} ({each.media_type}). Look into it.", markup=False)


@app.command("list")
def list_notices(database: Database, limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50) -> None:
    """The notices that were said last."""
    from lotwatch.master import list_notices as notices

    rows = table("number", "issuer", "class", "status", "firm", "what", "said", "versions")
    with psycopg.connect(database) as conn:
        for each in notices(conn, limit):
            rows.add_row(
                each.number, each.issuer or each.authority, each.recall_class or "-", each.status or "-",
                each.firm or "-", (each.what or "-")[:60], f"{each.said_at:%Y-%m-%d}", str(each.versions),
            )  # fmt: skip
    console.print(rows)
