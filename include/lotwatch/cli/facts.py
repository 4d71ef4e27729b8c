"""`lotwatch facts`: what rules and pages read."""

import psycopg
import typer

from lotwatch.cli.shell import Database

app = typer.Typer(no_args_is_help=True, help="What rules and pages read.")


@app.callback()
def facts() -> None:
    """What rules and pages read."""


@app.command()
def reference(database: Database) -> None:
    """The reference of fact views as Markdown (docs/reference/facts.md)."""
    from lotwatch.facts.reference import as_markdown

    with psycopg.connect(database) as conn:
        typer.echo(as_markdown(conn), nl=False)
