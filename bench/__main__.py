"""Measures the project's own statements on a company made for it, in a database of its own.

Ratios are within one run, against the least that the machine needs for the same rows: they can be compared
between machines. Times and rates are absolute: they are of this machine, today. The database lives below TMPDIR
and is gone afterwards.
"""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.database import bytes_used, keep, kept_in, require_room, temporary_database
from bench.figures import Figure, as_table, write_json
from bench.measures import MEASURES, NEEDS, ON_REQUEST, Name
from bench.world import World
from lotwatch.errors import LotwatchError
from lotwatch_local.stack import console, step


def main(
    rows: Annotated[
        int, typer.Option(min=1_000, max=1_000_000, help="item-sites; three lots and twenty movements each")
    ] = 20_000,
    only: Annotated[Name | None, typer.Option(help="measure this alone")] = None,
    kept: Annotated[
        Path | None,
        typer.Option(help="keep the company in this folder once it is made, and begin with it the next time"),
    ] = None,
    json: Annotated[Path | None, typer.Option(help="write the figures to this file, too")] = None,
) -> None:
    """Measure how fast Lotwatch is, as ratios within one run."""
    try:
        run, figures = _run(rows, {only} if only else set(MEASURES) - ON_REQUEST, kept_in(kept, rows) if kept else None)
    except LotwatchError as error:
        console.print(f"[red]{error}[/]")
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        console.print("Interrupted: the database is stopped and removed.")
        raise SystemExit(130) from None
    console.print()
    console.print(as_table(figures))
    console.print(
        "\nA ratio is how many times the yardstick's time it takes. Times and rates are of this machine alone."
    )
    if json:
        write_json(json, run, figures)
        console.print(f"Written to {json}.")


def _run(rows: int, wanted: set[Name], kept: Path | None) -> tuple[dict[str, Any], list[Figure]]:
    """Make the company and measure what is wanted; returns the circumstances and the figures."""
    figures: list[Figure] = []
    require_room(rows)
    with temporary_database(kept) as settings:
        world = World(settings, rows)
        if kept is None or not kept.exists():
            world.load()
            if kept:
                keep(settings, kept)
        console.print(f"  {bytes_used(settings.home) / 1e9:,.1f} GB on disk")
        run = _circumstances(world)
        for name in _in_order(wanted):
            with step(name if name in wanted else f"{name} (what follows needs it)"):
                measured = list(MEASURES[name](world))
            figures += measured if name in wanted else []
        run["disk_bytes"] = bytes_used(settings.home)
    made = f"made in {world.making:.1f} s" if world.making else "kept from before"
    console.print(
        f"\n{run['items']:,} items at 20 sites, {run['lots']:,} lots, {run['movements']:,} movements, "
        f"{run['order_lines']:,} order lines, {run['holds']:,} holds: {made}, "
        f"{run['disk_bytes'] / 1e9:,.1f} GB on disk in the end.\n"
        f"{run['measured_on']}, {run['cores']} cores, PostgreSQL {run['postgresql']}."
    )
    return run, figures


def _circumstances(world: World) -> dict[str, Any]:
    return {
        "measured_on": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "postgresql": world.server_version,
        "item_sites": world.rows,
        "making_seconds": world.making,
        **world.sizes(),
    }


def _in_order(wanted: set[Name]) -> list[Name]:
    """What is wanted and what that builds on, in the order in which they build on one another."""
    needed = wanted.union(*(NEEDS.get(name, set()) for name in wanted))
    return [name for name in MEASURES if name in needed]


if __name__ == "__main__":
    typer.run(main)
