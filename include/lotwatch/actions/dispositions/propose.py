"""Dispositions to be proposed: one for each site, way and supplier, from the open alerts whose rules may act."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from lotwatch import facts
from lotwatch.actions.dispositions.choose import DispositionSettings, Lot, Said, Way, Why, ways
from lotwatch.actions.proposals import DISPOSITIONS, acting, lock
from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.rules import Rule

Row = Mapping[str, Any]
#: of several reasons the first counts
_FIRST: tuple[Why, ...] = ("failed", "ending", "short_life", "surplus")
_BECAUSE: dict[str, tuple[str, str]] = {
    "expired": ("it has expired", "已过期"),
    "failed": ("it failed its inspection", "检验不合格"),
    "ending": ("it ends soon", "即将到期"),
    "short_life": ("it came with too little life left", "到货时剩余效期不足"),
    "surplus": ("there is more than is needed", "超出需要"),
}
#: how sure it is that a way brings what is reckoned
_CONFIDENCE = {
    "return_to_supplier": 0.9,
    "supplier_credit": 0.5,
    "use_first": 0.7,
    "redistribute": 0.6,
    "resale": 0.4,
    "scrap": 0.95,
}


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A lot at a site, what becomes of it, what else could, and the places it is taken from."""

    lot: Lot
    ways: list[Way]
    subject: Row
    rows: list[Row]

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes one document: the site, the way, and whom it concerns."""
        first, way = self.rows[0], self.ways[0].disposition
        supplier = first["supplier_id"] if way in {"return_to_supplier", "supplier_credit"} else None
        return first["site_id"], way, supplier, first["currency"]


def propose_dispositions(
    conn: psycopg.Connection, rules: Sequence[Rule], settings: DispositionSettings, context: RunContext
) -> dict[str, int]:
    """Propose what becomes of lots that the open alerts of rules in mode `act` are about, after transfers were looked for.

    What is proposed, or on its way out, already counts. Returns how many were proposed, and lines.
    """
    about = acting(rules, "disposition")
    counts = {"dispositions": 0, "disposition_lines": 0}
    if not about:
        return counts
    with conn.transaction():
        lock(conn)
        facts.live(conn, context.as_of)
        subjects = _rows(conn, "subjects", {"acting": about, "transferring": acting(rules, "transfer")})
        if not subjects:
            return counts
        parameters = {
            "items": sorted({subject["item_id"] for subject in subjects}),
            "currency": settings.currency,
            "quiet_days": settings.quiet_days,
        }
        found = defaultdict(list)
        for chosen in _choose(subjects, _rows(conn, "stock", parameters), settings):
            found[chosen.key].append(chosen)
        for key, lots in found.items():
            counts["dispositions"] += 1
            counts["disposition_lines"] += _write(conn, key, lots, settings, context)
    return counts


def _choose(subjects: Sequence[Row], stock: Sequence[Row], settings: DispositionSettings) -> Iterator[_Chosen]:
    """What becomes of each lot that an alert is about; nothing of what nothing can be done with."""
    by_item = defaultdict(list)
    for subject in sorted(subjects, key=lambda subject: _FIRST.index(subject["why"])):
        by_item[subject["item_id"]].append(subject)
    for (item_id, _), here in groupby(stock, key=lambda row: (row["item_id"], row["site_id"])):
        rows = list(here)
        too_much = (rows[0]["surplus"] or 0) - sum(row["going"] for row in rows)
        lots = [list(lot) for _, lot in groupby(rows, key=lambda row: (row["lot_id"], row["serial_id"]))]
        # what its supplier still takes back goes first of what is too much
        for lot in sorted(lots, key=lambda lot: not (lot[0]["return_by"] and lot[0]["return_by"] >= lot[0]["today"])):
            concerning = [each for each in by_item[item_id] if _concerns(each, lot[0])]
            quantity = _quantity(concerning[0]["why"], lot, too_much) if concerning else 0
            if quantity <= 0:
                continue
            known = _lot(concerning[0], lot, quantity)
            found = ways(known, settings)
            if found[0].why_not is None:
                if known.why == "surplus":
                    too_much -= quantity
                yield _Chosen(known, found, concerning[0], lot)


def _concerns(subject: Row, row: Row) -> bool:
    return (
        subject["site_id"] in {None, row["site_id"]}
        and subject["lot_id"] in {None, row["lot_id"]}
        and subject["serial_number"] in {None, row["serial_number"]}
    )


def _quantity(why: Why, lot: Sequence[Row], too_much: int) -> int:
    """How much of a lot at a site is to go and does not go already (base units)."""
    total, going = sum(row["quantity"] for row in lot), sum(row["going"] for row in lot)
    if why == "surplus":
        return min(total - going, too_much)
    at_risk = lot[0]["at_risk"] or 0
    return (at_risk if why == "ending" and at_risk else total) - going


def _lot(subject: Row, lot: Sequence[Row], quantity: int) -> Lot:
    first = lot[0]
    return Lot(
        why=subject["why"],
        quantity=quantity,
        value=first["value"],
        today=first["today"],
        last_day=first["last_day"],
        return_by=first["return_by"],
        transfer_by=first["transfer_by"],
        own=all(row["own"] for row in lot),
        usable=all(row["usable"] for row in lot),
        expired=any(row["expired"] for row in lot),
        at_risk=bool(first["at_risk"]),
        transferable=not subject["transferring"],
        credited=any(row["credited"] for row in lot),
    )


def _write(
    conn: psycopg.Connection,
    key: tuple[Any, ...],
    lots: Sequence[_Chosen],
    settings: DispositionSettings,
    context: RunContext,
) -> int:
    """One proposal; returns how many lines it has."""
    site_id, way, supplier_id, currency = key
    lines = [line for chosen in lots for line in _lines(chosen, settings)]
    recovered = sum(chosen.ways[0].recovers for chosen in lots)
    second = sum(chosen.ways[1].recovers for chosen in lots if chosen.ways[1].why_not is None)
    parameters = {
        "site_id": site_id,
        "supplier_id": supplier_id,
        "currency": currency,
        "as_of": context.as_of,
        "cost": round(sum(chosen.lot.quantity * chosen.lot.value for chosen in lots) - recovered, 4),
        "saves": round(recovered - second, 4),
        "confidence": _CONFIDENCE[way],
        "alternatives": Jsonb(_alternatives(lots, currency)),
        "if_nobody_acts": Jsonb(_otherwise(lots)),
        "details": Jsonb({"disposition": way, "what": _what(way, lots)}),
        "lines": Jsonb(lines),
    }
    row = conn.execute(query(__package__, "insert"), parameters).fetchone()
    assert row is not None  # noqa: S101 (an insert always answers)
    after = {"disposition": way, "lines": len(lines), "recovers": round(recovered, 2), "currency": currency}
    record(conn, context, "disposition proposed", "proposal", row[0], after=after)
    return len(lines)


def _lines(chosen: _Chosen, settings: DispositionSettings) -> Iterator[dict[str, Any]]:
    """Place by place, as far as the quantity goes; one line where a place has it as ours and as somebody else's."""
    left, way = chosen.lot.quantity, chosen.ways[0]
    by = way.by or chosen.lot.today + timedelta(days=settings.scrap_days)
    for location_id, here in groupby(chosen.rows, key=lambda row: row["location_id"]):
        rows = list(here)
        taken = min(left, sum(row["quantity"] for row in rows) - rows[0]["going"])
        if taken <= 0:
            continue
        left -= taken
        last_day = chosen.lot.last_day
        yield {
            "item_id": rows[0]["item_id"],
            "lot_id": rows[0]["lot_id"],
            "serial_id": rows[0]["serial_id"],
            "location_id": location_id,
            "alert_id": chosen.subject["alert_id"],
            "quantity": taken,
            "unit_price": chosen.lot.value,
            "requested_on": by.isoformat(),
            "why": {"days_to_expiry": None if last_day is None else (last_day - chosen.lot.today).days},
        }


def _what(way: str, lots: Sequence[_Chosen]) -> Said:
    """What is to be done and why, in both languages."""
    reasons = {"expired" if chosen.lot.expired else chosen.lot.why for chosen in lots}
    told = [words for reason, words in _BECAUSE.items() if reason in reasons]
    english, chinese = DISPOSITIONS[way]  # type: ignore[index]  # a way is one of them
    return {
        "en": f"{english}: {', '.join(words[0] for words in told)}".capitalize(),
        "zh": f"{chinese}：{'、'.join(words[1] for words in told)}",
    }


def _alternatives(lots: Sequence[_Chosen], currency: str) -> list[Row]:
    """What else could become of all of them and what that would lose, or why it cannot."""
    chosen = lots[0].ways[0].disposition
    recovered = sum(lot.ways[0].recovers for lot in lots)
    found: list[Row] = []
    for way in (each for each in DISPOSITIONS if each != chosen):
        others = [next(each for each in lot.ways if each.disposition == way) for lot in lots]
        english, chinese = DISPOSITIONS[way]
        no = next((each.why_not for each in others if each.why_not), None)
        if no:
            found.append({
                "kind": "disposition",
                "why_not": {"en": f"{english}: {no['en']}", "zh": f"{chinese}：{no['zh']}"},
            })
            continue
        brings = sum(each.recovers for each in others)
        words = {
            "en": f"{english}: recovers {brings:,.2f} {currency} instead of {recovered:,.2f}",
            "zh": f"{chinese}：可挽回 {brings:,.2f} {currency}，而非 {recovered:,.2f}",
        }
        found.append({"kind": "disposition", "why_not": words})
    return found


def _otherwise(lots: Sequence[_Chosen]) -> Said:
    unfit = sum(chosen.lot.quantity for chosen in lots if not chosen.lot.usable)
    rest = [chosen.lot for chosen in lots if chosen.lot.usable]
    english, chinese = [], []
    if unfit:
        english.append(f"{unfit} units that must not be used stay where they are")
        chinese.append(f"{unfit} 件不得使用的货物仍在原处")
    if rest:
        units, worth = sum(lot.quantity for lot in rest), sum(lot.quantity * lot.value for lot in rest)
        days = [lot.last_day for lot in rest if lot.last_day]
        english.append(
            f"{units} units worth {worth:,.2f} may be lost" + (f", the first on {min(days)}" if days else "")
        )
        chinese.append(f"{units} 件（价值 {worth:,.2f}）可能损失" + (f"，最早于 {min(days)}" if days else ""))
    return {"en": "; ".join(english), "zh": "；".join(chinese)}


def _rows(conn: psycopg.Connection, name: str, parameters: Row) -> list[dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query(__package__, name), dict(parameters)).fetchall()
