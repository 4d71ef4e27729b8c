"""Waves to be proposed: what is wanted, by site and cut-off."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from lotwatch import facts
from lotwatch.actions.picking.fefo import Shelf, Take, Wanted, allocate
from lotwatch.actions.picking.route import Point, length, walk
from lotwatch.actions.picking.settings import Picking, SitePicking
from lotwatch.actions.proposals import lock, set_aside
from lotwatch.audit import RunContext, record
from lotwatch.db.query import query

#: of what the cost of stock is said in
CURRENCY = "EUR"


@dataclass(frozen=True, slots=True)
class Site:
    """Where a walk begins and ends: the site's own metres."""

    site_id: int
    code: str
    time_zone: str
    start: Point


def propose_picks(conn: psycopg.Connection, picking: Picking, context: RunContext) -> dict[str, int]:
    """Propose the waves that are due; returns how many, and with how many picks."""
    counts = {"pick_waves": 0, "picks": 0}
    with conn.transaction():
        lock(conn)
        facts.live(conn, context.as_of)
        wanted, sites = _wanted(conn, picking)
        lines = [line for line in wanted if _in_time(line, sites[line.site_id], picking, context.as_of)]
        if not lines:
            return counts
        shelves = _shelves(conn, lines, {site.site_id: picking.of(site.code) for site in sites.values()})
        by_site: defaultdict[int, list[Take]] = defaultdict(list)
        for take in allocate(lines, shelves):
            by_site[take.wanted.site_id].append(take)
        for site_id, takes in sorted(by_site.items()):
            settings = picking.of(sites[site_id].code)
            for wave in _waves(takes, settings, sites[site_id], context.as_of):
                _write(conn, sites[site_id], settings, wave, context)
                counts["pick_waves"] += 1
                counts["picks"] += len(wave)
    return counts


def _wanted(conn: psycopg.Connection, picking: Picking) -> tuple[list[Wanted], dict[int, Site]]:
    quiet = {
        "everywhere": _minutes(picking.everywhere),
        "sites": {code: _minutes(settings) for code, settings in picking.sites.items()},
    }
    lines, sites = [], {}
    for row in _rows(conn, "wanted", {"quiet": Jsonb(quiet)}):
        site = Site(row["site_id"], row.pop("site_code"), row.pop("time_zone"), (row.pop("x"), row.pop("y")))
        sites[site.site_id] = site
        lines.append(Wanted(**row))
    return lines, sites


def _minutes(settings: SitePicking) -> int:
    return settings.quiet_after_no // timedelta(minutes=1)


def _in_time(line: Wanted, site: Site, picking: Picking, as_of: datetime) -> bool:
    """Whether it leaves with the next cut-off, not a later one."""
    settings = picking.of(site.code)
    leaves = settings.next_cut_off(as_of, site.time_zone).date()
    return line.emergency or line.day <= leaves + timedelta(days=settings.days_ahead)


def _shelves(conn: psycopg.Connection, lines: Sequence[Wanted], settings: Mapping[int, SitePicking]) -> list[Shelf]:
    """What is free of what is wanted, without what is set aside: of its own lot first, of any lot from what ends first."""
    items = sorted({line.item_id for line in lines})
    parameters = {"items": items, "sites": sorted({line.site_id for line in lines})}
    shelves = [Shelf(**row) for row in _rows(conn, "stock", parameters)]
    aside = set_aside(conn, items)
    for shelf in shelves:
        shelf.quantity = aside.free(shelf.item_id, shelf.site_id, shelf.lot_id, shelf.serial_id, shelf.quantity)
    return [shelf for shelf in shelves if shelf.x is not None or settings[shelf.site_id].without_coordinates]


def _waves(takes: Sequence[Take], settings: SitePicking, site: Site, as_of: datetime) -> list[list[Take]]:
    """What is due, cut into walks: emergencies at once, full waves, and what is left when its cut-off is near."""
    now = _walks([take for take in takes if take.wanted.emergency], settings.lines)
    later = _walks([take for take in takes if not take.wanted.emergency], settings.lines)
    near = settings.next_cut_off(as_of, site.time_zone) - as_of <= settings.before
    if later and len(later[-1]) < settings.lines and not near:
        later.pop()
    return now + later


def _walks(takes: Iterable[Take], lines: int) -> list[list[Take]]:
    """An order is in two walks only where it is larger than one."""
    orders: defaultdict[tuple[str, str], list[Take]] = defaultdict(list)
    for take in takes:
        orders[take.wanted.source, take.wanted.order_key].append(take)
    walks: list[list[Take]] = []
    for order in orders.values():
        for first in range(0, len(order), lines):
            part = order[first : first + lines]
            if walks and len(walks[-1]) + len(part) <= lines:
                walks[-1] += part
            else:
                walks.append(part)
    return walks


def _write(
    conn: psycopg.Connection, site: Site, settings: SitePicking, wave: Sequence[Take], context: RunContext
) -> None:
    places = {take.shelf.location_id: take.shelf for take in wave}
    stops, metres, by_code = _walk(site.start, list(places.values()))
    at_once = wave[0].wanted.emergency
    cut_off = context.as_of if at_once else settings.next_cut_off(context.as_of, site.time_zone)
    details = {
        "cut_off": cut_off.isoformat(),
        "emergency": at_once,
        "route": [shelf.code for shelf in sorted(places.values(), key=lambda shelf: stops[shelf.location_id])],
        "metres": metres,
    }
    parameters = {
        "site_id": site.site_id,
        "currency": CURRENCY,
        "as_of": context.as_of,
        "confidence": _confidence(wave),
        "alternatives": Jsonb(_alternatives(metres, by_code)),
        "if_nobody_acts": Jsonb(_otherwise(wave)),
        "details": Jsonb(details),
        "picks": Jsonb([
            {
                "item_id": take.shelf.item_id,
                "lot_id": take.shelf.lot_id,
                "serial_id": take.shelf.serial_id,
                "location_id": take.shelf.location_id,
                "source": take.wanted.source,
                "demand_line_key": take.wanted.line_key,
                "turn": turn,
                "stop": stops[take.shelf.location_id],
                "quantity": take.quantity,
                "unit_price": take.shelf.unit_cost,
                "requested_on": take.wanted.day.isoformat(),
            }
            for turn, take in enumerate(wave)
        ]),
    }
    row = conn.execute(query(__package__, "insert"), parameters).fetchone()
    assert row is not None  # noqa: S101 (an insert always answers)
    after = {"site": site.code, "picks": len(wave), "stops": len(places), "cut_off": details["cut_off"]}
    record(conn, context, "pick proposed", "proposal", row[1], after=after)


def _walk(start: Point, places: Sequence[Shelf]) -> tuple[dict[int, int], float, float]:
    """The stop of each place, the metres of the walk, and those of one in the order of the places' codes.

    Places whose metres nobody has told come last, in their turn or by their code.
    """
    by_code = sorted(places, key=lambda shelf: shelf.code)
    known = [shelf for shelf in by_code if shelf.x is not None]
    rest = sorted(
        (shelf for shelf in by_code if shelf.x is None), key=lambda s: (s.pick_sequence is None, s.pick_sequence or 0)
    )
    points = [_point(shelf) for shelf in known]
    order = walk(start, points)
    stops = {shelf.location_id: stop for stop, shelf in enumerate([*(known[i] for i in order), *rest], 1)}
    return stops, length(start, [points[i] for i in order]), length(start, points)


def _point(shelf: Shelf) -> Point:
    return shelf.x or 0.0, shelf.y or 0.0


def _confidence(wave: Sequence[Take]) -> float:
    """What is known by its lot or serial number, and when it ends, is surer than what is not."""
    total = sum(take.quantity for take in wave)
    unknown = sum(take.quantity for take in wave if not take.shelf.lot_id and not take.shelf.serial_id)
    return round(0.95 - 0.35 * unknown / total, 4)


def _alternatives(metres: float, by_code: float) -> list[dict[str, Any]]:
    if by_code <= metres:
        return []
    return [
        {
            "kind": "pick",
            "cost": None,
            "why_not": {
                "en": f"in the order of the places' codes the walk is {by_code:,.0f} m instead of {metres:,.0f} m",
                "zh": f"按库位编码顺序需行走 {by_code:,.0f} 米，而非 {metres:,.0f} 米",
            },
        }
    ]


def _otherwise(wave: Sequence[Take]) -> dict[str, str]:
    orders = len({(take.wanted.source, take.wanted.order_key) for take in wave})
    late = len({(take.wanted.source, take.wanted.order_key) for take in wave if take.wanted.day <= take.wanted.today})
    return {
        "en": f"{orders} orders do not leave with this cut-off; {late} of them are due today or late already",
        "zh": f"{orders} 个订单将错过本次截单，其中 {late} 个今天到期或已逾期",
    }


def _rows(conn: psycopg.Connection, name: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query(__package__, name), dict(parameters)).fetchall()
