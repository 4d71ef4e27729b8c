"""Moves to be proposed: what is short here and too much, or about to expire, elsewhere."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import psycopg
from numpy.typing import NDArray
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from lotwatch import facts
from lotwatch.actions.proposals import SetAside, acting, lock, set_aside
from lotwatch.actions.transfers.flow import PARTS, Frame, Problem, solve
from lotwatch.audit import RunContext, record_many
from lotwatch.config import Strict
from lotwatch.db.query import query
from lotwatch.rules import Rule


@dataclass(slots=True)
class _Shelf:
    """What a place has of a lot or serial unit; `left` to take: what would expire (True), and what is too much (False)."""

    item_id: int
    lot_id: int
    serial_id: int
    location_id: int
    unit_price: float
    left: dict[bool, int]


#: by item, site and the days until which it may be used, as they are to be taken
Shelves: TypeAlias = dict[tuple[int, int, int], list[_Shelf]]


class TransferSettings(Strict):
    """`horizon_days`: what ends within it and will not be used where it is may be sent elsewhere. `quiet_days_after_no`: how long a site
    is not asked to take an item again after a no. `transit_days` where a lane
    does not say how long it takes; `currency` of costs that do not say theirs."""

    horizon_days: int = 90
    quiet_days_after_no: int = 7
    transit_days: float = 3
    currency: str = "EUR"


def propose_transfers(
    conn: psycopg.Connection, rules: Sequence[Rule], settings: TransferSettings, context: RunContext
) -> dict[str, int]:
    """Propose transfers for the open alerts of rules in mode `act`, before anything is bought; one for each pair of sites.

    Between two legal entities it is a return and a new shipment, not a transfer. Returns how many were proposed, and lines.
    """
    return _propose(conn, "takers", rules, settings, context)


def propose_substitutes(
    conn: psycopg.Connection, rules: Sequence[Rule], settings: TransferSettings, context: RunContext
) -> dict[str, int]:
    """Propose to bring what may take a recalled item's place to where that stays short after `propose_transfers`. Returns the same."""
    return _propose(conn, "substitute_takers", rules, settings, context)


def _propose(
    conn: psycopg.Connection, takers_of: str, rules: Sequence[Rule], settings: TransferSettings, context: RunContext
) -> dict[str, int]:
    about = acting(rules, "transfer")
    counts = {"transfers": 0, "transfer_lines": 0}
    if not about:
        return counts
    with conn.transaction():
        lock(conn)
        facts.live(conn, context.as_of)
        takers = _frame(conn, takers_of, {"acting": about, "currency": settings.currency})
        for currency, group in takers.groupby("currency") if len(takers) else ():
            made = _propose_in(conn, group.reset_index(drop=True), str(currency), settings, context)
            counts["transfers"] += len(made)
            counts["transfer_lines"] += sum(made.values())
    return counts


def _propose_in(
    conn: psycopg.Connection, takers: Frame, currency: str, settings: TransferSettings, context: RunContext
) -> dict[str, int]:
    """The moves of one currency; returns how many lines each proposal has, by its code."""
    items = {"items": [int(item) for item in takers["item"].unique()]}
    stock = _available(_frame(conn, "stock", items), set_aside(conn, items["items"]))
    if stock.empty:
        return {}
    coming = _frame(conn, "coming", items | {"transit_days": settings.transit_days})
    stock = _offered(stock, takers, settings.horizon_days)
    lanes = _lanes(conn, stock, takers, settings, currency)
    if lanes.empty:
        return {}
    solution = solve(_problem(stock, coming, takers, lanes))
    shelves = _shelve(stock)
    entities = takers.drop_duplicates("site").set_index("site").legal_entity_id.to_dict()
    known = takers[["item", "site", "alert_id", "in_place_of", "price"]].rename(columns={"site": "to_site"})
    moves = solution.moves.merge(known, on=["item", "to_site"])
    heads = []
    for (from_site, to_site), theirs in moves.groupby(["from_site", "to_site"]):
        lines = [line for move in theirs.itertuples() for line in _lines(move, shelves, move.alert_id, context)]
        heads.append(_head((int(from_site), int(to_site)), theirs, entities, currency) | {"lines": _together(lines)})
    parameters = {"moves": Jsonb(heads), "currency": currency, "as_of": context.as_of}
    conn.execute("SET LOCAL enable_nestloop = off")  # what is written in one statement is thought to be one row
    made = conn.execute(query(__package__, "insert"), parameters).fetchall()
    conn.execute("SET LOCAL enable_nestloop = on")
    events = ((f"{kind} proposed", code, told | {"lines": count}) for kind, code, count, told in made)
    record_many(conn, context, "proposal", events)
    return {code: count for _, code, count, _ in made}


def _lanes(conn: psycopg.Connection, stock: Frame, takers: Frame, settings: TransferSettings, currency: str) -> Frame:
    """The ways between who can give of an item and who may take it: not to who has just declined it."""
    giving = stock[(stock.at_risk > 0) | (stock.surplus > 0)].drop_duplicates(["item", "site"])
    parameters = {
        "give_item": giving["item"].tolist(),
        "give_site": giving.site.tolist(),
        "take_item": takers["item"].tolist(),
        "take_site": takers.site.tolist(),
        "days": settings.transit_days,
        "quiet_days": settings.quiet_days_after_no,
        "currency": currency,
    }
    return _frame(conn, "lanes", parameters)


def _available(stock: Frame, aside: SetAside) -> Frame:
    """Without what is set aside: of its own lot first, of any lot from what ends first."""
    if stock.empty or not aside.left:
        return stock
    free = [aside.free(row.item, row.site, row.lot_id, row.serial_id, row.quantity) for row in stock.itertuples()]
    stock = stock.assign(quantity=free)
    return stock[stock.quantity > 0].reset_index(drop=True)


def _offered(stock: Frame, takers: Frame, horizon_days: int) -> Frame:
    """What each row of stock can give: `at_risk` of it ends unused where it is, `surplus` lies above the site's target.

    The first to end is used first: of all that ends by a day, no more than the usage until then can be used.
    """
    known = stock.merge(takers[["item", "site", "usage", "target_level", "need"]], on=["item", "site"])
    # where no policy tells the usage, nothing is known to be too much
    known["days"] = known.days.fillna(PARTS[-1]).astype("int64")
    by_site = known.groupby(["item", "site"], sort=False)
    ends_by = by_site.quantity.cumsum()
    at_end = np.floor(np.maximum(0, ends_by - known.usage * (known["days"] + 1)))
    unused: Frame = pd.Series(np.where(known["days"] <= horizon_days, at_end, 0), known.index)
    most = unused.groupby([known["item"], known.site], sort=False).cummax()
    earlier = most.groupby([known["item"], known.site], sort=False).shift(fill_value=0)
    at_risk = np.minimum(most - earlier, known.quantity)
    sound = known.quantity - at_risk
    before = sound.groupby([known["item"], known.site], sort=False).cumsum() - sound
    # the last to end stays: what is too much is given from the first that is not at risk
    total = sound.groupby([known["item"], known.site], sort=False).transform("sum")
    too_much = np.maximum(0, total - known.target_level.fillna(np.inf))
    too_much = np.where(known.need.fillna(0) > 0, 0, too_much)
    surplus = np.clip(too_much - before, 0, sound)
    return known.assign(at_risk=at_risk.astype("int64"), surplus=surplus.astype("int64"))


def _problem(stock: Frame, coming: Frame, takers: Frame, lanes: Frame) -> Problem:
    short_dated = stock[stock.at_risk > 0].assign(
        quantity=lambda rows: rows.at_risk, waste=lambda rows: rows.unit_cost.fillna(0).clip(lower=0.01)
    )
    surplus = stock[stock.surplus > 0].assign(quantity=lambda rows: rows.surplus, waste=0.0)
    give: Frame = (
        pd.concat([short_dated, surplus]).groupby(["item", "site", "days", "waste"], as_index=False).quantity.sum()
    )
    # what does not end within the horizon takes no room from what does
    ending = np.zeros((len(takers), len(PARTS)), np.int64)
    _fill(ending, stock, takers, np.searchsorted(PARTS, stock["days"].to_numpy(np.int64)))
    # what comes was given the room of the part before its last day: as a move is
    _fill(ending, coming, takers, np.searchsorted(PARTS, coming["days"].to_numpy(np.int64), side="right") - 1)
    return Problem(give, takers.assign(price=takers["price"].fillna(0.0)), ending, lanes)


def _fill(ending: NDArray[np.int64], rows: Frame, takers: Frame, part: NDArray[np.int64]) -> None:
    """Add what ends in each part, where it is used, to `ending`."""
    known = takers.reset_index(names="taker")[["taker", "item", "site"]]
    rows = rows.assign(part=np.maximum(part, 0)).merge(known, on=["item", "site"])
    rows = rows[rows.part < len(PARTS) - 1]
    np.add.at(ending, (rows["taker"].to_numpy(), rows.part.to_numpy()), rows["quantity"].to_numpy(np.int64))


def _head(pair: tuple[int, int], moves: Frame, entities: Mapping[int, Any], currency: str) -> dict[str, Any]:
    """What is proposed for a pair of sites, but for its lines."""
    giver, taker = (entities.get(site) for site in pair)
    same = giver == taker or pd.isna(giver) or pd.isna(taker)
    worth, cost = float(moves.worth.sum()), float(moves.cost.max())
    return {
        "kind": "transfer" if same else "return_and_reship",
        "from_site": pair[0],
        "to_site": pair[1],
        "cost": round(cost, 4),
        "saves": round(worth - cost, 4),
        "confidence": _confidence(moves),
        "alternatives": _alternatives(moves, currency),
        "if_nobody_acts": _otherwise(moves),
    }


def _shelve(stock: Frame) -> Shelves:
    """What can still be taken of each place, lot and serial unit."""
    shelves: Shelves = defaultdict(list)
    for row in stock.itertuples():
        left = {True: int(row.at_risk), False: int(row.surplus)}
        price = 0.0 if pd.isna(row.unit_cost) else float(row.unit_cost)
        place = _Shelf(int(row.item), int(row.lot_id), int(row.serial_id), int(row.location_id), price, left)
        shelves[row.item, row.site, row.days].append(place)
    return shelves


def _lines(move: Any, shelves: Shelves, alert_id: Any, context: RunContext) -> list[dict[str, Any]]:
    """Which lots and places a move takes its quantity from; what is taken is taken from `shelves`."""
    left, lines = int(move.quantity), []
    for shelf in shelves[move.item, move.from_site, move.days]:
        taken = min(left, shelf.left[bool(move.short_dated)])
        if not taken:
            continue
        shelf.left[bool(move.short_dated)] -= taken
        left -= taken
        lines.append({
            "item_id": shelf.item_id,
            "lot_id": shelf.lot_id,
            "serial_id": shelf.serial_id,
            "location_id": shelf.location_id,
            "alert_id": None if pd.isna(alert_id) else int(alert_id),
            "quantity": taken,
            "unit_price": shelf.unit_price,
            "requested_on": f"{context.as_of.date() + timedelta(days=float(np.ceil(move.transit_days))):%Y-%m-%d}",
            "why": {
                "days_to_expiry": int(move.days) if move.days < PARTS[-1] else None,
                "at_risk": taken if move.short_dated else 0,
                "needed": min(taken, int(move.needed)),
                **({} if pd.isna(move.in_place_of) else {"in_place_of": int(move.in_place_of)}),
            },
        })
    return lines


def _together(lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One line for each lot and place: of one lot, part may be too much and part about to expire."""
    found: dict[tuple[int, ...], dict[str, Any]] = {}
    for line in lines:
        key = (line["item_id"], line["lot_id"], line["serial_id"], line["location_id"])
        known = found.setdefault(key, line)
        if known is not line:
            known["quantity"] += line["quantity"]
            known["why"]["at_risk"] += line["why"]["at_risk"]
            known["why"]["needed"] += line["why"]["needed"]
    return list(found.values())


def _confidence(moves: Frame) -> float:
    """What answers a counted shortage is surer than what rests on usage going on as it did."""
    needed = moves.needed.sum() / max(1, moves.quantity.sum())
    return round(0.6 + 0.35 * float(needed), 4)


def _alternatives(moves: Frame, currency: str) -> list[Mapping[str, Any]]:
    """Buying what is needed, and leaving what ends where it is."""
    buying = round(float((moves.needed * moves.price).sum()), 2)
    if not buying:
        return []
    return [
        {
            "kind": "purchase_order",
            "cost": buying,
            "why_not": {
                "en": f"buying the same costs {buying:,.2f} {currency}",
                "zh": f"采购同样数量需 {buying:,.2f} {currency}",
            },
        }
    ]


def _otherwise(moves: Frame) -> dict[str, str]:
    short, ending = int(moves.needed.sum()), moves[moves.short_dated]
    english, chinese = [], []
    if short:
        english.append(f"{short} units stay short")
        chinese.append(f"仍缺 {short} 件")
    if len(ending):
        lost, days = int(ending.quantity.sum()), int(ending.days.min())
        english.append(f"{lost} units expire unused, the first in {days} days")
        chinese.append(f"{lost} 件将过期未用，最早在 {days} 天后")
    return {"en": "; ".join(english), "zh": "；".join(chinese)}


def _frame(conn: psycopg.Connection, name: str, parameters: Mapping[str, Any]) -> Frame:
    with conn.cursor(row_factory=dict_row) as cursor:
        cursor.execute(query(__package__, name), dict(parameters))
        columns = [column.name for column in cursor.description or ()]
        return pd.DataFrame(cursor.fetchall(), columns=columns)
