"""The shortest walk through places: a tour from where the walk begins and back to it.

Metres are walked along the two directions of the floor (Manhattan). OR-Tools' routing builds a tour and improves it by guided
local search (Voudouris and Tsang, 1999) until it has seen `MOST_TOURS` of them: a number, not a time, so that the same walk comes
out every time and on every machine.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

from ortools.constraint_solver import pywrapcp, routing_enums_pb2

Point: TypeAlias = tuple[float, float]

MOST_TOURS = 300
#: the solver counts in whole decimetres
SCALE = 10


def walk(start: Point, places: Sequence[Point]) -> list[int]:
    """In which order to go to the places (their indices)."""
    # places at the same point are one stop of the walk
    points = [start, *sorted(set(places) - {start})]
    if len(points) <= 3:
        tour = list(range(1, len(points)))
    else:
        tour = _tour([[round(SCALE * metres(a, b)) for b in points] for a in points])
    turn = {start: 0} | {points[node]: place for place, node in enumerate(tour, 1)}
    return sorted(range(len(places)), key=lambda place: (turn[places[place]], place))


def metres(one: Point, other: Point) -> float:
    """What is walked from one point to another."""
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def length(start: Point, places: Sequence[Point]) -> float:
    """Metres of the walk to the places in their order, and back."""
    points = [start, *places, start]
    return sum(metres(one, other) for one, other in pairwise(points))


def _tour(distances: Sequence[Sequence[int]]) -> list[int]:
    """The nodes from 1 on, in their order."""
    manager = pywrapcp.RoutingIndexManager(len(distances), 1, 0)
    routing = pywrapcp.RoutingModel(manager)
    routing.SetArcCostEvaluatorOfAllVehicles(routing.RegisterTransitMatrix(distances))
    parameters = pywrapcp.DefaultRoutingSearchParameters()
    parameters.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.PATH_CHEAPEST_ARC
    parameters.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    parameters.solution_limit = MOST_TOURS
    found = routing.SolveWithParameters(parameters)
    tour, index = [], routing.Start(0)
    while not routing.IsEnd(index := found.Value(routing.NextVar(index))):
        tour.append(manager.IndexToNode(index))
    return tour
