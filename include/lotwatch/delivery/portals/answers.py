"""Suppliers' answers, read from their portals, matched to orders, and told to the buyers where they say less than yes."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import psycopg

from lotwatch import actions, outbox
from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.delivery.portals.documents import LineResponse, OrderResponse, Page, Part
from lotwatch.delivery.portals.limits import NotYet, asking
from lotwatch.delivery.portals.registry import Portal, Portals, PortalSettings, portal_of
from lotwatch.errors import LotwatchError
from lotwatch.ledger import orders

#: what is ordered, line by line: item and quantity
Asked = list[tuple[str, int]]
#: pages of one portal that one run reads
MOST_PAGES = 50


def hear(conn: psycopg.Connection, portals: Portals, context: RunContext) -> tuple[Counter[str], list[str]]:
    """Read what suppliers have answered since the last time; each answer counts once, in whatever order they come.

    Returns counts, and errors that a person should see. `conn` must be in autocommit mode.
    """
    counts: Counter[str] = Counter()
    errors: list[str] = []
    for name in portals.answering:
        try:
            _hear_one(conn, portals, portals.get(name), context, counts)
        except NotYet:
            continue
        except LotwatchError as error:  # the other portals are heard all the same
            errors.append(f"{name}, answers: {error}")
    return counts, errors


def _hear_one(
    conn: psycopg.Connection, portals: Portals, portal: Portal, context: RunContext, counts: Counter[str]
) -> None:
    with conn.transaction():
        _recognise(conn, portals, portal)
    row = conn.execute(query(__package__, "read_cursor"), {"portal": portal.name}).fetchone()
    cursor = row[0] if row else None
    for _ in range(MOST_PAGES):
        with asking(conn, portal) as client:
            page = client.responses(cursor)
        with conn.transaction():
            for response in page.responses:
                counts["answer.read"] += take_answer(conn, portals.settings, portal.name, response, context)
            _tell_unreadable(conn, portal, page, cursor)
            counts["answer.unreadable"] += len(page.unreadable)
            conn.execute(query(__package__, "move_cursor"), {"portal": portal.name, "cursor": page.cursor})
        if not page.more or page.cursor == cursor:
            return
        cursor = page.cursor


def take_answer(
    conn: psycopg.Connection,
    known: Mapping[str, PortalSettings],
    portal: str,
    response: OrderResponse,
    context: RunContext,
) -> bool:
    """Keep an answer that came through `portal` and let it count, in the caller's transaction; False when it was known.

    An answer to another supplier's order is not believed.
    """
    ours = actions.order_in_erp(conn, response.reference)
    supplier_code: str | None = None
    asked: Asked = []
    if ours is not None:
        ours = actions.order_now(conn, ours)
        supplier_code, asked = ours.supplier_code, [(line.item_code, line.quantity) for line in ours.lines]
    elif told := orders.ordered(conn, response.reference):
        supplier_code, asked = told[0], list(told[1].items())
    if supplier_code is not None and portal_of(known, supplier_code) != portal:
        why = f"it answers order {response.reference}, which is {supplier_code}'s and not sent through it"
        record(conn, context, "answer not believed", "order", response.reference, reason=why)
        return False
    last = orders.last_answer(conn, portal, response.reference)
    answer = _answer(portal, response, supplier_code, asked)
    if not orders.keep_answer(conn, answer):
        return False
    orders.apply_answers(conn, [response.reference])
    record(
        conn, context, "order answered", "order", response.reference,
        after={"portal": portal, "answer": response.number, "state": response.state, "lines": len(response.lines)},
        reason=response.reason,
    )  # fmt: skip
    if ours is not None:
        _tell_actions(conn, ours, response, context)
    if last is None or response.issued_at >= last:
        _tell_buyers(conn, ours, answer, asked)
    return True


def _tell_actions(
    conn: psycopg.Connection, ours: actions.Proposal, response: OrderResponse, context: RunContext
) -> None:
    """What is declined is committed no more and is needed again; an order that we gave up has arrived all the same."""
    declined = orders.declined(conn, response.reference)
    if ours.state == "failed":  # it counted as declined as a whole
        declined = {line.item_code: declined.get(line.item_code, 0) for line in ours.lines}
    freed = actions.decline(conn, ours.proposal_id, declined, context.as_of)
    if freed:
        orders.wake(conn, ours.site_code, freed)
    if ours.state == "failed":
        actions.confirmed(conn, ours.proposal_id, response.number)
        outbox.close_as_sent(conn, f"{ours.code}:portal", {"confirmation": response.number})
        record(conn, context, "order sent", "proposal", ours.code, reason="the supplier has answered it")


def _answer(portal: str, response: OrderResponse, supplier_code: str | None, asked: Asked) -> orders.Answer:
    lines = response.lines
    if not lines and response.state != "pending" and asked:
        lines = [
            LineResponse(number=number, parts=[Part(state=response.state, reason=response.reason)])
            for number, _ in enumerate(asked, start=1)
        ]
    kept = tuple(_line(line, asked) for line in lines) or (
        orders.AnsweredLine(None, None, None, (orders.AnsweredPart(response.state, None, reason=response.reason),)),
    )
    return orders.Answer(portal, response.number, response.issued_at, response.reference, supplier_code, kept)


def _line(line: LineResponse, asked: Asked) -> orders.AnsweredLine:
    """A line with its item, and with what it leaves out: that does not come."""
    named = [number for number, (item_code, _) in enumerate(asked, start=1) if item_code == line.item_code]
    number = line.number if line.number in named or not named else named[0]
    item_code, ordered = dict(enumerate(asked, start=1)).get(number or 0, (None, 0))
    parts = [
        orders.AnsweredPart(part.state, part.quantity, part.promised_on, part.unit_price, part.reason)
        for part in line.parts
    ]
    said = [part.quantity for part in parts]
    if item_code is not None and None not in said:
        missing = ordered - sum(quantity or 0 for quantity in said)
        if missing > 0:
            parts.append(orders.AnsweredPart("rejected", missing))
    return orders.AnsweredLine(line.number, line.item_code, item_code, tuple(parts))


def _recognise(conn: psycopg.Connection, portals: Portals, portal: Portal) -> None:
    """Answers that came before the order was known count from now on, if it is an order of this portal's suppliers."""
    for order_number, supplier_code in orders.unknown_orders(conn, portal.name):
        if portals.name_of(supplier_code) == portal.name:
            orders.name_supplier(conn, portal.name, order_number, supplier_code)
            orders.apply_answers(conn, [order_number])


def _tell_buyers(conn: psycopg.Connection, ours: actions.Proposal | None, answer: orders.Answer, asked: Asked) -> None:
    """One message for an answer that says less, later or dearer than was asked."""
    quantities: Counter[str] = Counter()
    for item_code, quantity in asked:
        quantities[item_code] += quantity
    rows = [row for line in answer.lines if (row := _row(ours, answer.order_number, line, quantities))]
    if rows:
        data = {"order": ours.code if ours else answer.order_number, "supplier": answer.supplier_code, "rows": rows}
        key = f"order_answered:{answer.portal}:{answer.order_number}:{answer.number}:{answer.issued_at:%Y%m%d%H%M%S%f}"
        about = {"proposals": [ours.proposal_id] if ours else []}
        payload = {"template": "order_answered", "to": ["buyer"], "about": about, "data": data}
        outbox.enqueue(conn, "message", key, payload)


def _row(
    ours: actions.Proposal | None, order_number: str, line: orders.AnsweredLine, quantities: dict[str, int]
) -> dict[str, Any] | None:
    """A line as the message shows it; None where it is as asked."""
    ordered = quantities.get(line.item_code or "")
    same = [each for each in enumerate(ours.lines, start=1) if each[1].item_code == line.item_code] if ours else []
    asked = min(same, key=lambda each: each[0] != line.number)[1] if same else None
    coming = [part for part in line.parts if part.state != "rejected"]
    less = any(part.state == "rejected" and part.quantity != 0 for part in line.parts)
    late = asked and any(part.promised_on and part.promised_on > asked.requested_on for part in coming)
    dearer = asked and any(part.unit_price is not None and part.unit_price > asked.unit_price for part in coming)
    if not (less or late or dearer):
        return None
    amount = None if any(part.quantity is None for part in coming) else sum(part.quantity or 0 for part in coming)
    days = sorted(part.promised_on for part in coming if part.promised_on)
    prices = [part.unit_price for part in coming if part.unit_price is not None]
    reasons = dict.fromkeys(part.reason for part in line.parts if part.reason)
    return {
        "item": line.item_code or line.named or f"{order_number} {line.number or ''}".strip(),
        "ordered": "" if ordered is None else f"{ordered:,}",
        "coming": f"{ordered if amount is None and ordered is not None else amount or 0:,}",
        "days": ", ".join(dict.fromkeys(map(str, days))),
        "price": f"{max(prices):,}" if prices and dearer else "",
        "reason": "; ".join(reasons),
    }


def _tell_unreadable(conn: psycopg.Connection, portal: Portal, page: Page, cursor: str | None) -> None:
    if page.unreadable:
        rows = [{"portal": portal.name, "document": each.name, "error": each.reason} for each in page.unreadable]
        payload = {"template": "answer_unreadable", "to": ["buyer", "ops"], "data": {"rows": rows}}
        outbox.enqueue(conn, "message", f"answer_unreadable:{portal.name}:{cursor}:{page.cursor}", payload)
