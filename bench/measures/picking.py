"""Picking: how near the walk is to the shortest one there is, and how fast waves are proposed."""

import random
from collections.abc import Iterator, Sequence
from statistics import mean

from ortools.sat.python import cp_model

from bench.figures import Figure, Stopwatch, Yardstick
from bench.measures.reading import seconds_to_read
from bench.world import World
from lotwatch.actions.picking import load_picking, propose_picks
from lotwatch.actions.picking.route import SCALE, Point, length, metres, walk
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError
from lotwatch_local import postgres

#: warehouses of each size, and the stops of their walks; all are small enough for the shortest walk to be proven
WAREHOUSES, STOPS = 20, (8, 12, 20, 30)
#: seconds for the proof; without one the best bound counts
PATIENCE = 60


def measure_route(world: World) -> Iterator[Figure]:
    """The walk through random warehouses (aisles 3 m apart, bins of 1.2 m) against the shortest one, proven by CP-SAT."""
    for stops in STOPS:
        draw = random.Random(f"route {stops}")
        warehouses = [
            [(draw.randrange(20) * 3.0, draw.randrange(30) * 1.2) for _ in range(stops)] for _ in range(WAREHOUSES)
        ]
        with Stopwatch() as watch:
            walks = [length((0, 0), [places[i] for i in walk((0, 0), places)]) for places in warehouses]
        with Stopwatch() as floor:
            shortest = [_shortest(places) for places in warehouses]
        over = [walked / best - 1 for walked, best in zip(walks, shortest, strict=True)]
        case = f"{stops} stops: {mean(over):.2%} over the shortest, {max(over):.2%} at most"
        yield Figure("route", case, WAREHOUSES, "walks", watch.seconds, Yardstick("the proven optimum", floor.seconds))


def measure_waves(world: World) -> Iterator[Figure]:
    """Pick waves for as many order lines as there are item-sites, at 20 sites with 200 bins each: emergencies, and what fills a wave."""
    context = world.context(4)
    with postgres.connect_superuser(world.settings, "lotwatch") as conn:
        parameters = {"lines": world.rows, "as_of": context.as_of}
        lines = conn.execute(query(__package__, "make_demand"), parameters).rowcount
    world.settle()
    floor = Yardstick("count(*) of fact_item_site", seconds_to_read(world, "count_facts"))
    with world.connect() as conn, Stopwatch() as watch:
        done = propose_picks(conn, load_picking(), context)
        conn.commit()
    case = f"{done['pick_waves']:,} waves, {done['picks']:,} picks"
    yield Figure("waves", case, lines, "order lines", watch.seconds, floor)
    with world.connect() as conn, Stopwatch() as watch:
        again = propose_picks(conn, load_picking(), context)
        conn.commit()
    if again["picks"]:
        raise LotwatchError(f"{again['picks']} picks were proposed a second time")
    yield Figure("waves", "again: nothing to do", lines, "order lines", watch.seconds, floor)


def _shortest(places: Sequence[Point]) -> float:
    """Metres of the shortest walk, or of no walk shorter than which there can be."""
    points = [(0.0, 0.0), *sorted(set(places) - {(0.0, 0.0)})]
    model = cp_model.CpModel()
    arcs = {
        (one, other): model.new_bool_var("")
        for one in range(len(points))
        for other in range(len(points))
        if one != other
    }
    model.add_circuit([(one, other, used) for (one, other), used in arcs.items()])
    model.minimize(sum(round(SCALE * metres(points[one], points[other])) * used for (one, other), used in arcs.items()))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = PATIENCE
    solver.solve(model)
    return solver.best_objective_bound / SCALE
