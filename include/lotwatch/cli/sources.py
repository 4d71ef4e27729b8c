"""`lotwatch source`: the systems that are read, and what their tables are to us."""

import psycopg
import typer

from lotwatch.cli.shell import Database

app = typer.Typer(no_args_is_help=True, help="The systems that are read: what their tables are to us.")


@app.command()
def columns(database: Database) -> None:
    """Print the columns of each entity and their types, as a mapping file may fill them (YAML)."""
    from lotwatch.sources.stage import entity_columns, staged_entities

    with psycopg.connect(database) as conn:
        typer.echo("# Written by `lotwatch source columns`: what a mapping can fill, and its types.")
        for entity in staged_entities(conn):
            typer.echo(f"{entity}:")
            for name, kind in entity_columns(conn, entity).items():
                if name != "stated":  # that is ours to write
                    typer.echo(f"  {name}: {kind}")
