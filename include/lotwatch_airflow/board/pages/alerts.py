"""Alerts: what is wrong, how bad, why, what became of it; and taking on, putting off, handing over and rating them."""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, HTTPException, Path, Query, Response
from psycopg import Connection
from psycopg.rows import DictRow

from lotwatch import actions, rules
from lotwatch.errors import LotwatchError
from lotwatch.rules.explain import Explanation, explain_alert
from lotwatch_airflow.board.filters import Filters, Moment, Note, Text
from lotwatch_airflow.board.listing import (
    MOST_COUNTED,
    Order,
    Statement,
    fetch_all,
    fetch_first,
    fetch_page,
    fetch_page_of_many,
)
from lotwatch_airflow.board.view import View, ViewDep
from lotwatch_airflow.board.writing import Write, WriteDep

router = APIRouter()
log = logging.getLogger(__name__)

#: what allows somebody to act on alerts
PERMISSION = "handle_alert"
_CSV = (
    "alert_id", "severity", "rule_id", "rule", "state", "subject_key", "item_code", "item_name", "lot_number", "category",
    "supplier_code", "region", "site_code", "site_name", "evidence", "first_seen", "last_seen", "recurrences", "baseline",
    "alert_owner", "acknowledged_by", "acknowledged_at", "snoozed_until", "escalations",
)  # fmt: skip
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ISO_MOMENT = re.compile(_ISO_DATE.pattern + r"T[0-9:.]+[+-][0-9:]+")
#: how long the buttons put off
SNOOZES = {"4h": timedelta(hours=4), "1d": timedelta(days=1), "1w": timedelta(weeks=1)}
#: first seen how long ago: at least, at most
_AGES: Mapping[str, tuple[timedelta | None, timedelta | None]] = {
    "hour": (None, timedelta(hours=1)),
    "day": (None, timedelta(days=1)),
    "week": (None, timedelta(weeks=1)),
    "older_day": (timedelta(days=1), None),
    "older_week": (timedelta(weeks=1), None),
}
AlertId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Chosen = Annotated[list[Annotated[int, Form(ge=1, le=2**63 - 1)]], Form(max_length=200)]
State = Literal["open", "acknowledged", "snoozed", "suppressed", "resolved", "all"]
Group = Literal["rule", "supplier", "site", "storm"]
#: what a form may ask for; the snoozes differ in their end
Asked = Literal[
    "acknowledge", "snooze_4h", "snooze_1d", "snooze_1w", "snooze_until", "reopen", "take", "leave", "comment",
    "false_alarm", "useful",
]  # fmt: skip
AskedOfMany = Literal["acknowledge", "snooze_4h", "snooze_1d", "snooze_1w", "snooze_until"]
Done = Literal["acknowledged", "snoozed", "reopened", "assigned", "commented", "false_alarm", "useful"]


class AlertFilters(Filters):
    """Which alerts, in which order, each or in groups."""

    severity: Literal["critical", "warning", "info"] | None = None
    state: State = "open"
    rule: Text | None = None
    region: Text | None = None
    site: Text | None = None
    category: Text | None = None
    supplier: Text | None = None
    item: Text | None = None
    lot: Text | None = None
    owner: Text | None = None
    text: Text | None = None
    age: Literal["hour", "day", "week", "older_day", "older_week"] | None = None
    baseline: bool = False
    escalated: bool = False
    group: Group | None = None
    sort: Literal["severity", "rule", "subject", "first_seen", "last_seen", "alerts"] = "severity"
    order: Literal["asc", "desc"] = "desc"

    def statement(self, as_of: datetime, alerts: Sequence[int] | None = None) -> Statement:
        """The alerts, the most severe and the newest first unless told; or those with these numbers that match.

        Numbers find an alert whatever its state.
        """
        columns = {"severity": "severity_rank", "rule": "rule_id", "subject": "subject_key", "alerts": "severity_rank"}
        chosen = Order(columns.get(self.sort, self.sort), self.order == "desc")
        return Statement(
            "alerts",
            self._asked(as_of) | {"alerts": None if alerts is None else list(alerts)},
            [chosen, Order("first_seen", True), Order("alert_id", True)],
        )

    def groups(self, as_of: datetime) -> Statement:
        """What they come to by group, the most severe and the largest first unless told."""
        keys = [Order(column) for column in ("rule_id", "supplier_code", "site_code")]
        sort = {"severity": "severity_rank", "rule": "rule_id", "subject": "alerts", "last_seen": "latest"}
        chosen = Order(sort.get(self.sort, self.sort), self.order == "desc")
        parameters = self._asked(as_of) | {"alerts": None, "grouped_by": self.group}
        return Statement("alert_groups", parameters, [chosen, Order("alerts", True), *keys], of="alerts")

    def _asked(self, as_of: datetime) -> dict[str, Any]:
        least, most = _AGES.get(self.age or "", (None, None))
        return self.parameters() | {
            "seen_since": as_of - most if most else None,
            "seen_until": as_of - least if least else None,
        }


@dataclass(frozen=True, slots=True)
class Told:
    """What was just done with many, to be told above the list."""

    done: Done | None = None
    count: Annotated[int, Query(ge=0)] = 0
    refused: Annotated[int, Query(ge=0)] = 0


@router.get("/alerts")
def list_alerts(view: ViewDep, filters: Annotated[AlertFilters, Query()], told: Annotated[Told, Depends()]) -> Response:
    """Alerts that match the filters, or what they come to by group."""
    return _list(view, filters, told=told)


@router.post("/alerts")
def act_on_chosen(
    write: WriteDep,
    filters: Annotated[AlertFilters, Query()],
    action: Annotated[AskedOfMany, Form()],
    alert: Chosen = [],  # noqa: B006  # FastAPI copies it
) -> Response:
    """Do something with the alerts that were ticked, and show the list again."""
    view = write.view
    if not alert:
        return _list(view, filters, status=422, error=view.texts("alerts_page.none_chosen"))
    with view.transaction() as conn:
        numbers = fetch_first(conn, _numbers(AlertFilters().statement(view.as_of, alert)), len(alert))
    try:
        outcome = _act(write, action, numbers)
    except LotwatchError as error:
        return _list(view, filters, status=409, error=view.told(error))
    return _see_list(view, filters, action, outcome)


@router.get("/alerts.csv")
def alerts_csv(view: ViewDep, filters: Annotated[AlertFilters, Query()]) -> Response:
    """All alerts that match the filters."""

    def cell(row: DictRow, column: str) -> object:
        if column == "rule":
            return view.title_of(row["rule_id"])
        if column == "evidence":
            return "; ".join(f"{label}: {value}" for label, value in evidence(view, row))
        return row["owner" if column == "alert_owner" else column]

    return view.download("alerts", filters.statement(view.as_of), _CSV, cell)


@router.get("/alerts/all")
def ask_for_all(view: ViewDep, filters: Annotated[AlertFilters, Query()]) -> Response:
    """How many alerts match, and forms to do something with all of them."""
    return _ask_for_all(view, filters)


@router.post("/alerts/all")
def act_on_all(
    write: WriteDep,
    filters: Annotated[AlertFilters, Query()],
    action: Annotated[AskedOfMany, Form()],
    confirmed: Annotated[int, Form(ge=1, le=rules.MOST_AT_ONCE)],
    note: Annotated[Note, Form()] = "",
    until: Annotated[Moment | Literal[""], Form()] = "",
) -> Response:
    """Do something with all alerts that match, unless they are more by now than somebody has confirmed."""
    view = write.view
    with view.transaction() as conn:
        numbers = fetch_first(conn, _numbers(filters.statement(view.as_of)), confirmed + 1)
    if len(numbers) > confirmed:
        return _ask_for_all(view, filters, error=view.texts("alerts_page.more_by_now"), note=note)
    try:
        outcome = _act(write, action, numbers, note=note, until=until or None)
    except LotwatchError as error:
        return _ask_for_all(view, filters, error=view.told(error), note=note)
    return _see_list(view, filters, action, outcome)


@router.get("/alerts/{alert_id}")
def show_alert(view: ViewDep, alert_id: AlertId, done: Done | None = None) -> Response:
    """One alert: what, where, how bad and why, what became of it, and what can be done with it."""
    return _show(view, _read(view, alert_id), done=done)


@router.post("/alerts/{alert_id}")
def act_on_one(
    write: WriteDep,
    alert_id: AlertId,
    action: Annotated[Asked, Form()],
    note: Annotated[Note, Form()] = "",
    until: Annotated[Moment | Literal[""], Form()] = "",
) -> Response:
    """Do something with an alert, and show it."""
    view = write.view
    alert = _read(view, alert_id)
    try:
        outcome = _act(write, action, [alert], note=note, until=until or None)
        if outcome.refused:
            raise LotwatchError(_refusal(view, outcome.refused[0], alert["time_zone"]))
    except LotwatchError as error:
        return _show(view, _read(view, alert_id), error=view.told(error), note=note)
    return view.see(f"alerts/{alert_id}", done=rules.DONE[_action(action)])


def worst(conn: Connection, view: View, most: int) -> list[DictRow]:
    """The most severe open alerts, the newest first."""
    return fetch_first(conn, AlertFilters().statement(view.as_of), most)


def evidence(view: View, alert: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The values that fired an alert, each with its name, without what its subject says already."""
    values: Mapping[str, Any] = alert["evidence"]
    return [
        (view.texts.name("column", column), _in_words(view, value))
        for column, value in values.items()
        if column not in alert["subject"]
    ]


def stock_of(view: View, alert: Mapping[str, Any]) -> str | None:
    """Link to the stock an alert is about; None where it names no item."""
    subject: Mapping[str, Any] = alert["subject"]
    if not subject.get("item_code"):
        return None
    return view.path("inventory", item=subject["item_code"], site=subject.get("site_code"), lot=_lot(subject))


def _lot(subject: Mapping[str, Any]) -> str | None:
    return subject.get("serial_number") or subject.get("lot_number")


def _in_words(view: View, value: object) -> str:
    if value is None:
        return view.texts("unknown")
    if isinstance(value, bool):
        return view.texts("yes" if value else "no")
    if isinstance(value, int | float):
        return view.formats.number(value)
    if isinstance(value, str):
        if _ISO_DATE.fullmatch(value):
            return view.formats.date(date.fromisoformat(value))
        if _ISO_MOMENT.fullmatch(value):
            return view.formats.moment(datetime.fromisoformat(value))
        return view.texts.name("value", value)
    return json.dumps(value, ensure_ascii=False)


def _list(
    view: View, filters: AlertFilters, *, status: int = 200, error: str | None = None, told: Told = Told()
) -> Response:
    with view.transaction() as conn:
        if filters.group:
            page = fetch_page(conn, filters.groups(view.as_of), filters.page, filters.size)
        else:
            page = fetch_page_of_many(conn, filters.statement(view.as_of), filters.page, filters.size)
        sites = fetch_all(conn, "sites")
    return view.page(
        "alerts",
        status=status,
        filters=filters,
        alerts=page,
        rules=_named(view, filters),
        sites=sites,
        regions=sorted({site["region"] for site in sites if site["region"]}),
        owners=_owners(view, filters),
        of_group=lambda row: _of_group(filters, row),
        may_act=_may(view),
        error=error,
        told=told,
        **_said(view),
    )


def _ask_for_all(view: View, filters: AlertFilters, *, error: str | None = None, note: str = "") -> Response:
    view.person.need(PERMISSION)
    statement = filters.statement(view.as_of)
    with view.transaction() as conn:
        sums = fetch_first(
            conn, Statement("alert_sums", statement.parameters, [Order("alerts", True)], of="alerts"), MOST_COUNTED
        )
    count = sum(row["alerts"] for row in sums)
    return view.page(
        "alerts-all",
        status=409 if error else 200,
        filters=filters,
        sums=sums,
        count=count,
        critical=sum(row["critical"] for row in sums),
        most=rules.MOST_AT_ONCE,
        latest=view.as_of + rules.LONGEST_SNOOZE,
        snoozes=list(SNOOZES),
        error=error,
        note=note,
    )


def _show(view: View, alert: DictRow, *, error: str | None = None, **values: Any) -> Response:
    number = {"alert": alert["alert_id"]}
    with view.transaction() as conn:
        history = fetch_all(conn, "alert_history", number)
        messages = fetch_all(conn, "alert_messages", number)
        orders = fetch_all(conn, "alert_orders", number)
        quiet = actions.load_purchasing().quiet_after_no
        declined = fetch_all(conn, "alert_declined", number | {"quiet": quiet, "as_of": view.as_of})
        why = _explained(conn, alert)
    began = next((row["evidence"] for row in reversed(history) if row["kind"] in {"opened", "recurred"}), None)
    subject = alert["subject"]
    hold = {"item": subject.get("item_code"), "place": subject.get("site_code")}
    kind = "serial" if subject.get("serial_number") else "lot"
    return view.page(
        "alerts-one",
        status=409 if error else 200,
        alert=alert,
        why=why,
        rule=why.rule.applied(why.variant) if why else None,
        values=_compared(view, alert, began),
        history=history[::-1],
        messages=messages,
        orders=orders,
        declined=declined,
        trace=view.path("trace", kind=kind, item=subject["item_code"], number=_lot(subject))
        if subject.get("item_code") and _lot(subject)
        else None,
        hold=view.path("holds/new", **hold, **{kind: _lot(subject)}) if subject.get("item_code") else None,
        actions=_possible(view, alert),
        snoozes=list(SNOOZES),
        latest=view.as_of + rules.LONGEST_SNOOZE,
        error=error,
        **_said(view) | {"done": None, "note": ""} | values,
    )


def _said(view: View) -> dict[str, Any]:
    """What templates ask of an alert."""
    return {"evidence": lambda alert: evidence(view, alert), "stock_of": lambda alert: stock_of(view, alert)}


def _compared(view: View, alert: DictRow, began: Mapping[str, Any] | None) -> list[tuple[str, str, str | None]]:
    """Each value of the evidence: its name, what it is now, and what it was when the alert opened, if that was otherwise."""
    now: Mapping[str, Any] = alert["evidence"]
    return [
        (
            view.texts.name("column", column),
            _in_words(view, value),
            _in_words(view, began[column]) if began and column in began and began[column] != value else None,
        )
        for column, value in now.items()
    ]


def _read(view: View, alert_id: int) -> DictRow:
    """An alert that the person may see. Raises HTTPException (404)."""
    with view.transaction() as conn:
        found = fetch_first(conn, AlertFilters().statement(view.as_of, [alert_id]), 1)
    if not found:
        raise HTTPException(404)
    return found[0]


def _act(
    write: Write, asked: Asked, alerts: Sequence[DictRow], *, note: str = "", until: datetime | None = None
) -> rules.Done:
    """Do what was asked with alerts that the person sees. Raises LotwatchError."""
    view, action = write.view, _action(asked)
    if action == "comment" and not note:
        raise LotwatchError(view.texts("alerts_page.no_words"))
    if action == "snooze":
        until = until if asked == "snooze_until" else view.as_of + SNOOZES[asked.removeprefix("snooze_")]
        if until is None or not view.as_of < until <= view.as_of + rules.LONGEST_SNOOZE:
            raise LotwatchError(view.texts("alerts_page.no_end", days=rules.LONGEST_SNOOZE.days))
    with write.transaction(PERMISSION, f"{action} alerts") as (conn, context):
        if view.limited:
            for site_id in {int(alert["site_id"] or 0) for alert in alerts}:
                write.need_site(conn, site_id)
        return rules.act(
            conn,
            context,
            action,
            [alert["alert_id"] for alert in alerts],
            note=note or None,
            until=until if action == "snooze" else None,
            owner=write.person.name if asked == "take" else None,
        )


def _action(asked: Asked) -> rules.Action:
    """What is done for what was asked for."""
    if asked.startswith("snooze_"):
        return "snooze"
    if asked in {"take", "leave"}:
        return "assign"
    return asked  # type: ignore[return-value]  # the others are called the same


def _refusal(view: View, refused: rules.Refusal, zone: str | None) -> str:
    """Why it could not be done, in words."""
    at = view.formats.moment(refused.at, zone) if refused.at else ""
    return view.texts(f"alerts_page.refused_{refused.state}", by=refused.by or view.texts("unknown"), at=at)


def _see_list(view: View, filters: AlertFilters, asked: Asked, outcome: rules.Done) -> Response:
    told = {"done": rules.DONE[_action(asked)], "count": len(outcome.done), "refused": len(outcome.refused) or None}
    return view.see("alerts", **filters.chosen() | {"page": None} | told)


def _numbers(statement: Statement) -> Statement:
    return Statement("alert_numbers", statement.parameters, [Order("alert_id")], of="alerts")


def _possible(view: View, alert: DictRow) -> frozenset[rules.Action]:
    """What the person can do with it."""
    if not _may(view):
        return frozenset()
    return frozenset(action for action, states in rules.POSSIBLE.items() if alert["state"] in states)


def _may(view: View) -> bool:
    return view.person.may(PERMISSION)


def _named(view: View, filters: AlertFilters) -> list[tuple[str, str]]:
    """Rules to choose from, by title."""
    known = dict(view.titles)
    if filters.rule:
        known.setdefault(filters.rule, filters.rule)
    return sorted(known.items(), key=lambda rule: rule[1].casefold())


def _owners(view: View, filters: AlertFilters) -> list[tuple[str, str]]:
    """Owners to choose from: nobody, oneself, and who was asked for."""
    known = {"-": view.texts("alerts_page.nobody"), view.person.name: view.texts("alerts_page.me")}
    if filters.owner:
        known.setdefault(filters.owner, filters.owner)
    return list(known.items())


def _of_group(filters: AlertFilters, row: DictRow) -> dict[str, Any]:
    """Filters that show the alerts of a group."""
    keys = {"storm": ("rule", "supplier")}.get(filters.group or "", (filters.group or "",))
    columns = {"rule": "rule_id", "supplier": "supplier_code", "site": "site_code"}
    return {key: row[columns[key]] or "-" for key in keys} | {"group": None, "sort": None, "order": None}


def _explained(conn: Connection, alert: DictRow) -> Explanation | None:
    """Why it fired, by its rule's text of then; None where that text was never submitted, or cannot be read any more."""
    try:
        return explain_alert(conn, alert["alert_id"])
    except LotwatchError:
        log.warning("The board shows alert %s without its rule", alert["alert_id"], exc_info=True)
        return None
