"""`lotwatch rules`: the decision tables."""

from pathlib import Path
from typing import Annotated

import psycopg
import typer

from lotwatch.cli.shell import Database, console

app = typer.Typer(no_args_is_help=True, help="Decision tables.")


@app.command()
def check(
    database: Database,
    folder: Annotated[Path | None, typer.Argument(help="folder of tables (default: include/rules)")] = None,
) -> None:
    """Read the decision tables and compile every rule against the database's facts."""
    from itertools import groupby

    from lotwatch import facts
    from lotwatch.paths import RULES
    from lotwatch.rules import load_rules
    from lotwatch.rules.compile import compile_rules

    rules = sorted(load_rules(folder or RULES), key=lambda rule: rule.subject)
    with psycopg.connect(database) as conn:
        known = facts.columns(conn)
    for subject, group in groupby(rules, key=lambda rule: rule.subject):
        compile_rules(subject, list(group), known[f"fact_{subject}"])
    console.print(f"{len(rules)} rules can be used as written.")


@app.command()
def reference(lang: Annotated[str, typer.Option(help="en or zh")] = "en") -> None:
    """The reference of the built-in rules as Markdown (docs/reference/rules.md, rules.zh.md)."""
    from lotwatch.rules.reference import as_markdown

    if lang not in ("en", "zh"):
        raise typer.BadParameter("en or zh", param_hint="--lang")
    typer.echo(as_markdown(lang), nl=False)  # type: ignore[arg-type]
