"""The shortest walk through places: a tour from where the walk begins and back to it.

Metres are walked along the two directions of the floor (Manhattan). PyVRP builds a tour and improves it by iterated local search
(Wouda, Lan and Kool, 2024) until it has tried `TRIES` times for each
stop: a number, not a time, and from the same seed, so that the same walk comes out every time and on every machine.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, TypeAlias

Point: TypeAlias = tuple[float, float]

TRIES = 8
#: the solver counts in whole decimetres
SCALE = 10


def walk(start: Point, places: Sequence[Point]) -> list[int]:
    """In which order to go to the places (their indices); of the two ways round, the nearer place first."""
    # places at the same point are one stop of the walk
    points = [start, *sorted(set(places) - {start})]
    tour = list(range(1, len(points))) if len(points) <= 3 else _tour(points)
    turn = {start: 0} | {points[node]: place for place, node in enumerate(tour, 1)}
    return sorted(range(len(places)), key=lambda place: (turn[places[place]], place))


def metres(one: Point, other: Point) -> float:
    """What is walked from one point to another."""
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def length(start: Point, places: Sequence[Point]) -> float:
    """Metres of the walk to the places in their order, and back."""
    points = [start, *places, start]
    return sum(metres(one, other) for one, other in pairwise(points))


def _tour(points: Sequence[Point]) -> list[int]:
    """The nodes from 1 on, in their order."""
    # with numpy and what is about it: too much for tasks that lay no walk
    import numpy as np
    from pyvrp import Client, Depot, Location, ProblemData, VehicleType, solve
    from pyvrp.stop import MaxIterations

    distances: Any = np.array([[round(SCALE * metres(a, b)) for b in points] for a in points])
    problem = ProblemData(
        [Location(round(SCALE * x), round(SCALE * y)) for x, y in points],
        [Client(node) for node in range(1, len(points))],
        [Depot(0)],
        [VehicleType()],
        [distances],
        [np.zeros_like(distances)],
    )
    (route,) = solve(problem, MaxIterations(TRIES * len(points)), seed=0, display=False).best.routes()
    tour = [stop.idx + 1 for stop in route if stop.is_client()]
    return min(tour, tour[::-1], key=lambda way: metres(points[0], points[way[0]]))
