"""`lotwatch udi`: what a label says."""

from typing import Annotated

import typer

from lotwatch.cli.shell import circumstances, console, table


def udi(text: Annotated[str, typer.Argument(help="the label as it was scanned or typed")]) -> None:
    """Read a UDI: GS1, HIBCC, ICCBBA, MA or AHM, with what is doubtful about it."""
    from lotwatch.master.udi import describe, parse

    read = parse(text, circumstances("udi", "").as_of.date())
    rows = table("", "")
    rows.show_header = False
    for name, value in describe(read):
        rows.add_row(name, value)
    console.print(rows)
    for warning in read.warnings:
        console.print(f"[yellow]{warning.en}[/]")
