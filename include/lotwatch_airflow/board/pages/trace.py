"""Trace: from a number in the hand to where it came from, where it went and where it is.

Who is limited to some sites sees what their own sites sent, got and hold, and no balance: it would be of a part of it.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from psycopg import Connection
from psycopg.rows import DictRow

from lotwatch.errors import LotwatchError, UdiError
from lotwatch.ledger.trace import (
    LotTrace,
    Number,
    Trace,
    trace_department,
    trace_numbers,
    trace_shipment,
    trace_udi,
)
from lotwatch.master.udi import parse
from lotwatch_airflow.board.filters import Filters, Scanned, Text
from lotwatch_airflow.board.listing import Page, fetch_all
from lotwatch_airflow.board.view import View, ViewDep

router = APIRouter()

Kind = Literal["lot", "serial", "udi", "shipment", "place"]
_CANDIDATES = 50
#: how far back a place is traced unless told: in all its years it had about everything
_PERIOD = timedelta(days=30)
_CAME = ("received", "opening", "found", "transformed_in", "brought_back", "other_in")
_WENT = (
    "where_now", "used", "shipped", "returned_to_supplier", "scrapped", "lost", "transformed_out", "other_out",
    "already_counted",
)  # fmt: skip


class TraceFilters(Filters):
    """What was typed or scanned; or, with `kind`, what exactly to trace (of places: since and until a day, in UTC)."""

    q: Scanned | None = None
    kind: Kind | None = None
    item: Text | None = None
    number: Scanned | None = None
    since: date | None = None
    until: date | None = None


@router.get("/trace")
def show_trace(view: ViewDep, filters: Annotated[TraceFilters, Query()]) -> Response:
    """The trace of what was asked for; or what it could mean."""
    problem: str | None = None
    trace: Trace | None = None
    starts: list[Mapping[str, Any]] = []
    exact = True
    with view.transaction() as conn:
        if filters.kind is None and filters.q is not None:
            starts, exact = _starts(conn, view, filters.q)
            if exact and len(starts) == 1:
                meant = {name: starts[0][name] for name in ("kind", "item", "number")}
                filters = filters.model_copy(update={**meant, "q": None})
        try:
            trace = _follow(conn, view, filters)
        except LotwatchError as error:
            problem = view.told(error)
    return view.page(
        "trace",
        filters=filters,
        trace=trace,
        lots=_page_of_lots(trace, filters) if trace else None,
        stays={stay.key: stay for stay in trace.stays} if trace else {},
        problem=problem,
        starts=starts,
        exact=exact,
        since=_since(view, filters),
        balance=lambda lot: balance(view, lot),
        exclude=_without,
    )


@router.get("/trace.json")
def trace_json(view: ViewDep, filters: Annotated[TraceFilters, Query()]) -> Response:
    """The whole trace; `complete` is false, and there are no balances, for who sees some sites only."""
    headers = {"Cache-Control": "no-store"}
    with view.transaction() as conn:
        try:
            trace = _follow(conn, view, filters)
        except LotwatchError as error:
            return JSONResponse({"error": str(error)}, 404, headers)
    if trace is None:
        return JSONResponse({"error": view.texts("trace_page.hint")}, 422, headers)
    headers["Content-Disposition"] = f'attachment; filename="lotwatch-trace-{view.as_of:%Y%m%dT%H%M}Z.json"'
    return JSONResponse(_plain(trace, complete=not view.limited), headers=headers)


def balance(view: View, lot: LotTrace) -> dict[str, list[tuple[str, int]]]:
    """What a lot's balance is made of: what came and what became of it, each by its name; what is 0 is left out."""
    return {
        side: [(view.texts(f"balance.{name}"), quantity) for name in names if (quantity := getattr(lot.balance, name))]
        for side, names in {"came": _CAME, "went": _WENT}.items()
    }


def _starts(conn: Connection, view: View, text: str) -> tuple[list[Mapping[str, Any]], bool]:
    """What a text could mean, and whether that is exactly so or merely something alike."""
    found: list[Mapping[str, Any]] = [*_label(view, text), *_named(conn, text, alike=False)]
    return (found, True) if found else (_named(conn, text, alike=True), False)


def _label(view: View, text: str) -> Iterator[Mapping[str, Any]]:
    """The label itself, where the text is one that says which lot, unit or package it is on."""
    try:
        label = parse(text, view.as_of.date())
    except UdiError:
        return
    number = label.serial_number or label.lot_number
    if (label.di is not None and number is not None) or label.sscc is not None:
        yield {"kind": "udi", "item": None, "number": text}


def _named(conn: Connection, text: str, *, alike: bool) -> list[Mapping[str, Any]]:
    rows = fetch_all(conn, "trace_starts", {"text": text, "alike": alike, "size": _CANDIDATES})
    return [_start(row) for row in rows]


def _start(row: DictRow) -> Mapping[str, Any]:
    return {"kind": row["kind"], "item": row["item_code"], "number": row["number"], "name": row["name"],
            "usable_through": row["usable_through"]}  # fmt: skip


def _follow(conn: Connection, view: View, asked: TraceFilters) -> Trace | None:
    """The trace of what is exactly meant; None where nothing is. Raises LotwatchError for what is not known."""
    match asked:
        case TraceFilters(kind="lot" | "serial", item=str(item), number=str(number)):
            return trace_numbers(conn, [Number(item, number, asked.kind == "serial")])
        case TraceFilters(kind="udi", number=str(number)):
            return trace_udi(conn, number, view.as_of.date())
        case TraceFilters(kind="shipment", number=str(number)):
            return trace_shipment(conn, number)
        case TraceFilters(kind="place", number=str(number)):
            since = datetime.combine(_since(view, asked), time(), UTC)
            until = None if asked.until is None else datetime.combine(asked.until, time.max, UTC)
            return trace_department(conn, number, since, until)
    return None


def _since(view: View, asked: TraceFilters) -> date:
    return asked.since or (asked.until or view.as_of.date()) - _PERIOD


def _page_of_lots(trace: Trace, filters: TraceFilters) -> Page:
    """The lots that were asked for, a page of them; what is linked to them by repacking belongs to their own traces."""
    asked = [trace.lot(key) for key in trace.asked]
    number = min(filters.page, max(1, -(-len(asked) // filters.size)))
    shown = asked[(number - 1) * filters.size : number * filters.size]
    return Page(shown, {"rows": len(asked)}, number, filters.size)  # type: ignore[arg-type]


def _plain(trace: Trace, *, complete: bool) -> dict[str, Any]:
    plain = trace.as_json()
    if not complete:
        for lot in plain["lots"]:
            del lot["balance"]
    return {"complete": complete, **plain}


def _without(lots: tuple[LotTrace, ...], keys: tuple[str, ...]) -> list[LotTrace]:
    return [lot for lot in lots if lot.key not in keys]
