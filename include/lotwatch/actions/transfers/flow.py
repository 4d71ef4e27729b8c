"""Shortages and short-dated stock, solved together: what should go where, and what is left to be bought.

A min-cost flow (Ahuja, Magnanti and Orlin, *Network Flows*, 1993, ch. 9; OR-Tools' cost-scaling solver). Each item is a network
of its own:

    giver's stock --stay--> end                       costs what of it will expire unused
    giver's stock --lane--> pool of a site, by the part of the horizon until which it can be used there
    pool --> pool of a nearer part                    what lasts longer may be used sooner
    pool --> usage of that part --> need             saves what would have to be bought
                                --> end              saves nothing but what would have expired
    buying --> need                                   costs the price

What a site will use in a part of the horizon bounds what it can take of stock that ends there, less its own stock that ends
there too: nothing is sent where it would expire as well. What is used before its own makes that last longer: each unit is one
less to be bought, however soon it ends. A delivery's own cost is not a cost of its units: lanes whose flow
saves less than they cost are closed, and the rest is solved again.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from ortools.graph.python import min_cost_flow

#: a pandas frame or column: what its stubs say of columns made from columns helps nobody
Frame: TypeAlias = Any
#: last day of each part of the horizon, in days from now; what lasts longer is in the last part
PARTS = np.array([7, 14, 30, 60, 90, 10_000])
#: costs become whole numbers: ten-thousandths of a unit of currency
SCALE = 10_000
#: how often the cheapest solution is looked for anew without lanes that do not pay
MOST_ROUNDS = 6
_LANE = ["from_site", "to_site"]


@dataclass(frozen=True, slots=True)
class Problem:
    """What there is to give, to take and to go by; all amounts of one currency.

    give: item, site, days (usable until then, from now; 10,000 where it never expires), quantity, waste (what a unit loses by
    staying). take: item, site, need, price (of a unit bought), usage (units a day). ending: for each row of take, its own
    units that end in each of the PARTS. lanes: item, from_site, to_site, days, cost (of one delivery); a lane is there for each item
    that may use it.
    """

    give: Frame
    take: Frame
    ending: NDArray[np.int64]
    lanes: Frame


@dataclass(frozen=True, slots=True)
class Solution:
    """moves: item, from_site, to_site, days (usable until then, as given), transit_days, short_dated (it would have been wasted),
    quantity, of which `needed` replaces buying, worth, cost (of the delivery). buy: item, site, quantity. `cost` is what all of it comes to (buying, deliveries, waste), `buying` what buying everything would."""

    moves: Frame
    buy: Frame
    cost: float
    buying: float


def solve(problem: Problem) -> Solution:
    """The cheapest of what can be done. Quantities are whole base units."""
    give = problem.give.sort_values("item", ignore_index=True)
    order = problem.take["item"].to_numpy().argsort(kind="stable")
    take, ending = problem.take.iloc[order].reset_index(drop=True), problem.ending[order]
    buying = float((take.need * take.price).sum() + (give.quantity * give.waste).sum())
    pairs = _pairs(give, take, problem.lanes)
    moves = _flow(give, take, ending, pairs)
    for _ in range(MOST_ROUNDS):
        losing = _losing(moves)
        if not len(losing):
            break
        gone = pd.MultiIndex.from_frame(pairs[_LANE]).isin(losing)
        touched = pairs.item[gone].unique()
        pairs = pairs[~gone]
        anew = _flow(give, take, ending, pairs[pairs.item.isin(touched)].reset_index(drop=True))
        moves = pd.concat([moves[~moves.item.isin(touched)], anew], ignore_index=True)
    moves = moves[~pd.MultiIndex.from_frame(moves[_LANE]).isin(_losing(moves))]
    return _told(give, take, moves, buying)


def _pairs(give: Frame, take: Frame, lanes: Frame) -> Frame:
    """Each way of a giver's stock to a taker that it reaches in time."""
    ways = (
        give
        .reset_index(names="giver")
        .merge(lanes, left_on=["item", "site"], right_on=["item", "from_site"])
        .drop(columns="site")
        .merge(
            take[["item", "site"]].reset_index(names="taker"),
            left_on=["item", "to_site"],
            right_on=["item", "site"],
        )
    )
    # of what is left after the way, whole parts count; what lasts for ever is in the last one
    left = np.where(ways.days_x >= PARTS[-1], PARTS[-1], ways.days_x - np.ceil(ways.days_y)).astype(np.int64)
    part = np.searchsorted(PARTS, left, side="right") - 1
    return ways.assign(part=part)[part >= 0].reset_index(drop=True)


def _flow(give: Frame, take: Frame, ending: NDArray[np.int64], pairs: Frame) -> Frame:
    """What the cheapest flow moves, item by item (items share nothing: small networks are solved much faster than one)."""
    room = _room(take, ending)
    waste, price = _whole(give.waste), _whole(take.price)
    quantity, need = give.quantity.to_numpy(np.int64), take.need.to_numpy(np.int64)
    ways = pairs[["giver", "taker", "part"]].to_numpy(np.int64)
    moved = np.zeros(len(pairs), np.int64)
    for item, rows in pairs.groupby("item").indices.items():
        givers, takers = _rows(give.item, item), _rows(take.item, item)
        own = ways[rows] - [givers.start, takers.start, 0]
        moved[rows] = _flow_of_item(own, quantity[givers], waste[givers], need[takers], price[takers], room[takers])
    return _worth(pairs.assign(quantity=moved)[moved > 0], give, take)


def _rows(items: Frame, item: object) -> slice:
    """Where an item's rows are in a column that is sorted by item."""
    return slice(int(items.searchsorted(item, "left")), int(items.searchsorted(item, "right")))


def _flow_of_item(
    ways: NDArray[np.int64],
    quantity: NDArray[np.int64],
    waste: NDArray[np.int64],
    need: NDArray[np.int64],
    price: NDArray[np.int64],
    room: NDArray[np.int64],
) -> NDArray[np.int64]:
    """How much goes each of the ways (giver, taker, part). `room` has a row for each taker."""
    givers, takers, parts = len(quantity), len(need), len(PARTS)
    pool0, use0 = givers, givers + takers * parts
    need0 = use0 + takers * parts
    buy, end = need0 + takers, need0 + takers + 1
    giver, t, grid = np.arange(givers), np.arange(takers), np.arange(takers * parts)
    inner = grid[grid % parts > 0]
    plenty = int(quantity.sum() + need.sum()) + 1
    free = np.zeros(len(grid), np.int64)
    arcs = (
        # tail, head, capacity, cost; a move costs next to nothing, so that ties go to staying
        (ways[:, 0], pool0 + ways[:, 1] * parts + ways[:, 2], quantity[ways[:, 0]], np.ones(len(ways), np.int64)),
        (giver, np.full(givers, end), quantity, waste),
        (pool0 + inner, pool0 + inner - 1, np.full(len(inner), plenty), free[: len(inner)]),
        (pool0 + grid, use0 + grid, room.ravel(), free),
        (use0 + grid, need0 + grid // parts, room.ravel(), free),
        (use0 + grid, np.full(len(grid), end), room.ravel(), free),
        (np.full(takers, buy), need0 + t, need, price),
        # what need not be bought
        (np.array([buy]), np.array([end]), np.array([need.sum()]), np.array([0])),
    )
    solver = min_cost_flow.SimpleMinCostFlow()
    tails, heads, capacities, costs = (np.concatenate(part) for part in zip(*arcs, strict=True))
    solver.add_arcs_with_capacity_and_unit_cost(tails, heads, capacities, costs)
    supply = np.zeros(end + 1, np.int64)
    supply[:givers], supply[buy] = quantity, need.sum()
    supply[need0:buy], supply[end] = -need, -quantity.sum()
    solver.set_nodes_supplies(np.arange(end + 1), supply)
    if solver.solve() != solver.OPTIMAL:
        raise RuntimeError("The flow was not solved")  # staying and buying are always possible
    return np.asarray(solver.flows(np.arange(len(ways))), np.int64)


def _room(take: Frame, ending: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each taker and part: how much that ends there it can use, in base units.

    The last part is open: what does not expire within the horizon is taken as far as it is needed.
    """
    until = np.floor(take.usage.to_numpy(float)[:, None] * PARTS[None, :])
    # own stock that ends by a day is used before anything else that ends by it
    free = np.maximum(0, until - np.cumsum(ending, axis=1))
    free = np.minimum.accumulate(free[:, ::-1], axis=1)[:, ::-1]
    room = np.diff(np.concatenate([np.zeros((len(take), 1)), np.floor(free)], axis=1), axis=1)
    room[:, -1] = np.maximum(room[:, -1], take.need.to_numpy(float))
    return np.maximum(room, 0).astype(np.int64)


def _worth(moves: Frame, give: Frame, take: Frame) -> Frame:
    """What each move saves: what need not be bought, shared out over a taker's moves, and what does not expire."""
    need = take.need.to_numpy(np.int64)
    price = take.price.to_numpy(float)
    waste = give.waste.to_numpy(float)
    # what would be wasted otherwise is the last to count as needed: it is worth its move anyhow
    moves = moves.assign(waste=waste[moves.giver]).sort_values(
        ["taker", "waste", "part"], ascending=[True, True, False]
    )
    before = moves.groupby("taker").quantity.cumsum() - moves.quantity
    needed = np.clip(need[moves.taker] - before, 0, moves.quantity)
    return moves.assign(needed=needed, worth=needed * price[moves.taker] + moves.quantity * moves.waste)


def _losing(moves: Frame) -> pd.MultiIndex:
    """Lanes on which one delivery costs more than all that it brings is worth."""
    if moves.empty:
        return pd.MultiIndex.from_arrays([[], []])
    by_lane = moves.groupby(_LANE).agg(worth=("worth", "sum"), cost=("cost", "max"))
    return by_lane.index[by_lane.cost >= by_lane.worth]


def _told(give: Frame, take: Frame, moves: Frame, buying: float) -> Solution:
    needed = moves.groupby("taker").needed.sum().reindex(range(len(take)), fill_value=0).to_numpy(np.int64)
    buy = take.need.to_numpy(np.int64) - needed
    given = moves.groupby("giver").quantity.sum().reindex(range(len(give)), fill_value=0).to_numpy(np.int64)
    deliveries = moves.groupby(_LANE).cost.max().sum() if len(moves) else 0.0
    cost = float(
        (buy * take.price).sum() + ((give.quantity.to_numpy(np.int64) - given) * give.waste).sum() + deliveries
    )
    told = moves.rename(columns={"days_x": "days", "days_y": "transit_days"}).assign(short_dated=moves.waste > 0)[
        ["item", "from_site", "to_site", "days", "transit_days", "short_dated", "quantity", "needed", "worth", "cost"]
    ]
    return Solution(
        moves=told.reset_index(drop=True),
        buy=take.assign(quantity=buy)[buy > 0][["item", "site", "quantity"]].reset_index(drop=True),
        cost=cost,
        buying=buying,
    )


def _whole(money: Frame) -> NDArray[np.int64]:
    return np.rint(money.to_numpy(float) * SCALE).astype(np.int64)
