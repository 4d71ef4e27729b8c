"""The actions: what is short is brought from where it is too much, and else ordered."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import psycopg
from psycopg.rows import dict_row

from bench.figures import Figure, Stopwatch, Yardstick
from bench.measures.reading import seconds_to_read
from bench.world import World
from lotwatch import actions, rules
from lotwatch.actions.transfers import TransferSettings, propose_transfers
from lotwatch.actions.transfers.flow import PARTS, Problem, solve
from lotwatch.db.query import query
from lotwatch.jobs.watch import propose
from lotwatch_local import postgres

#: of the flow: sites, and for each item how many are short and how many can give
SITES, SHORT, GIVE = 200, 20, 12


def measure_reorder(world: World) -> Iterator[Figure]:
    """Orders proposed for everything that is short."""
    floor = Yardstick("count(*) of fact_item_site", seconds_to_read(world, "count_facts"))
    context, tables = world.context(2), rules.load_rules()
    with world.connect() as conn, Stopwatch() as watch:
        done = actions.propose(conn, tables, actions.ProposeSettings(), context)
        conn.commit()
    yield Figure("reorder", f"{done['proposals']:,} orders", done["lines"], "order lines", watch.seconds, floor)


def measure_flow(world: World) -> Iterator[Figure]:
    """The min-cost flow alone: as many shortages as the company has item-sites, over 200 sites, and its cost against buying all."""
    problem = _problem(max(1, world.rows // SHORT))
    with Stopwatch() as floor:
        problem.give.merge(problem.lanes, left_on=["item", "site"], right_on=["item", "from_site"]).merge(
            problem.take, left_on=["item", "to_site"], right_on=["item", "site"]
        )
    with Stopwatch() as watch:
        done = solve(problem)
    case = f"{len(done.moves):,} moves, {done.cost / done.buying:.0%} of the cost of buying all"
    yard = Yardstick("joining givers, lanes and takers", floor.seconds)
    yield Figure("flow", case, len(problem.take), "shortages", watch.seconds, yard)


def measure_transfers(world: World) -> Iterator[Figure]:
    """Transfers proposed for everything that is short or ends soon, from the database and back into it."""
    floor = Yardstick("count(*) of fact_item_site", seconds_to_read(world, "count_facts"))
    context, tables = world.context(2), rules.load_rules()
    with world.connect() as conn:
        conn.execute(query(__package__, "join_sites"))
    with world.connect() as conn, Stopwatch() as watch:
        done = propose_transfers(conn, tables, TransferSettings(), context)
        conn.commit()
    yield Figure("transfers", f"{done['transfers']:,} transfers", done["transfer_lines"], "lines", watch.seconds, floor)


def measure_proposals(world: World) -> Iterator[Figure]:
    """All that is proposed for as many open alerts as there are item-sites, over 200 sites, from the database and back into it:
    moved first, then bought; and its cost against buying all of it."""
    context, tables = world.context(3), rules.load_rules()
    with postgres.connect_superuser(world.settings, "lotwatch") as conn:
        parameters = {"items": max(1, world.rows // SHORT), "as_of": context.as_of}
        alerts = conn.execute(query(__package__, "make_shortages"), parameters).rowcount
    world.settle()
    floor = Yardstick("count(*) of fact_item_site", seconds_to_read(world, "count_facts"))
    with world.connect() as conn, conn.transaction(force_rollback=True):
        actions.propose(conn, tables, actions.ProposeSettings(), context)
        buying = _cost(conn, context.as_of)
    with world.connect() as conn, Stopwatch() as watch:
        propose(conn, context, actions.ProposeSettings())
        conn.commit()
    with world.connect() as conn:
        done = _cost(conn, context.as_of)
    case = (
        f"{done['proposals']:,} proposals, {done['transfer_lines']:,} lines moved, {done['order_lines']:,} bought,"
        f" {done['cost'] / buying['cost']:.0%} of the cost of buying all"
    )
    yield Figure("proposals", case, alerts, "alerts", watch.seconds, floor)


def _cost(conn: psycopg.Connection, as_of: datetime) -> dict[str, Any]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query(__package__, "proposed_cost"), {"as_of": as_of}).fetchone() or {}


def _problem(items: int) -> Problem:
    """Shortages and what could answer them, drawn once and for all."""
    draw = np.random.default_rng(20260615)
    sites = np.stack([draw.permutation(SITES)[: SHORT + GIVE] for _ in range(items)])
    item = np.arange(items)
    price = draw.integers(5, 200, items).astype(float)
    take = pd.DataFrame({
        "item": item.repeat(SHORT),
        "site": sites[:, :SHORT].ravel(),
        "need": draw.integers(5, 60, items * SHORT),
        "price": price.repeat(SHORT),
        "usage": draw.gamma(2, 1, items * SHORT),
    })
    days = draw.choice([10, 25, 45, 80, int(PARTS[-1])], items * GIVE)
    give = pd.DataFrame({
        "item": item.repeat(GIVE),
        "site": sites[:, SHORT:].ravel(),
        "days": days,
        "quantity": draw.integers(5, 80, items * GIVE),
        "waste": np.where(days < PARTS[-1], price.repeat(GIVE), 0.0),
    })
    ways = give[["item", "site"]].merge(take[["item", "site"]], on="item", suffixes=("_from", "_to"))
    ways = ways[draw.random(len(ways)) < 0.15]
    lanes = pd.DataFrame({
        "item": ways["item"],
        "from_site": ways["site_from"],
        "to_site": ways["site_to"],
        "days": draw.choice([1.0, 2.0, 4.0], len(ways)),
        "cost": 30.0,
    })
    return Problem(give, take, np.zeros((len(take), len(PARTS)), np.int64), lanes)
