"""Today: what needs somebody, and the open alerts with the values that fired them."""

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from psycopg.rows import DictRow

from lotwatch_airflow.board.filters import Filters, Text
from lotwatch_airflow.board.listing import Order, Statement, fetch_all, fetch_page
from lotwatch_airflow.board.view import View, ViewDep

router = APIRouter()

_CSV = (
    "severity", "rule_id", "rule", "state", "subject_key", "item_code", "item_name", "site_code", "site_name",
    "evidence", "first_seen", "last_seen", "recurrences",
)  # fmt: skip
_SHORT = 20  # rows of the lists below the alerts
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class AlertFilters(Filters):
    """Which alerts, and in which order."""

    severity: Literal["critical", "warning", "info"] | None = None
    state: Literal["open", "acknowledged", "snoozed", "suppressed", "all"] = "open"
    rule: Text | None = None
    site: Text | None = None
    text: Text | None = None
    sort: Literal["severity", "rule", "subject", "first_seen", "last_seen"] = "severity"
    order: Literal["asc", "desc"] = "desc"

    def statement(self) -> Statement:
        """The alerts, the most severe and the newest first unless told."""
        columns = {"severity": "severity_rank", "rule": "rule_id", "subject": "subject_key"}
        chosen = Order(columns.get(self.sort, self.sort), self.order == "desc")
        return Statement("alerts", self.parameters(), [chosen, Order("first_seen", True), Order("alert_id", True)])


@router.get("/")
def today(view: ViewDep, filters: Annotated[AlertFilters, Query()]) -> Response:
    """What needs somebody, with the alerts that match the filters."""
    with view.transaction() as conn:
        alerts = fetch_page(conn, filters.statement(), filters.page, filters.size)
        alert_counts = fetch_all(conn, "alert_counts")[0]
        waiting = fetch_all(conn, "waiting_counts")[0]
        failed = fetch_page(conn, _FAILED, 1, _SHORT, "failed_runs_total")
        unsent = fetch_page(conn, _UNSENT, 1, _SHORT, "unsent_total")
        rules = [(row["rule_id"], view.title_of(row["rule_id"])) for row in fetch_all(conn, "alert_rules")]
        sites = fetch_all(conn, "sites")
    return view.page(
        "today",
        filters=filters,
        alerts=alerts,
        alert_counts=alert_counts,
        waiting=waiting,
        failed=failed,
        unsent=unsent,
        rules=rules,
        sites=sites,
        evidence=lambda alert: evidence(view, alert),
        stock_of=lambda alert: stock_of(view, alert),
    )


@router.get("/alerts.csv")
def alerts_csv(view: ViewDep, filters: Annotated[AlertFilters, Query()]) -> Response:
    """All alerts that match the filters."""

    def cell(row: DictRow, column: str) -> object:
        if column == "rule":
            return view.title_of(row["rule_id"])
        if column == "evidence":
            return "; ".join(f"{label}: {value}" for label, value in evidence(view, row))
        return row[column]

    return view.download("alerts", filters.statement(), _CSV, cell)


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
    lot = subject.get("serial_number") or subject.get("lot_number")
    return view.path("inventory", item=subject["item_code"], site=subject.get("site_code"), lot=lot)


def _in_words(view: View, value: object) -> str:
    if value is None:
        return view.texts("unknown")
    if isinstance(value, bool):
        return view.texts("yes" if value else "no")
    if isinstance(value, int | float):
        return view.formats.number(value)
    if isinstance(value, str):
        return (
            view.formats.date(date.fromisoformat(value))
            if _ISO_DATE.fullmatch(value)
            else view.texts.name("value", value)
        )
    return json.dumps(value, ensure_ascii=False)


_FAILED = Statement("failed_tasks", {}, [Order("run_log_id", True)])
_UNSENT = Statement("unsent", {}, [Order("urgency", True), Order("outbox_id")])
