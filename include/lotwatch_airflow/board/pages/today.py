"""Today: what needs somebody, and the most severe of the open alerts."""

from fastapi import APIRouter, Response

from lotwatch_airflow.board.listing import Order, Statement, fetch_all, fetch_page
from lotwatch_airflow.board.pages import alerts
from lotwatch_airflow.board.view import ViewDep

router = APIRouter()

_FEW = 8  # alerts
_SHORT = 20  # rows of the lists below the alerts
_FAILED = Statement("failed_tasks", {}, [Order("run_log_id", True)])
_UNSENT = Statement("unsent", {}, [Order("urgency", True), Order("outbox_id")])


@router.get("/")
def today(view: ViewDep) -> Response:
    """What needs somebody."""
    with view.transaction() as conn:
        worst = alerts.worst(conn, view, _FEW)
        alert_counts = fetch_all(conn, "alert_counts")[0]
        waiting = fetch_all(conn, "waiting_counts")[0]
        failed = fetch_page(conn, _FAILED, 1, _SHORT, "failed_runs_total")
        unsent = fetch_page(conn, _UNSENT, 1, _SHORT, "unsent_total")
    return view.page(
        "today",
        worst=worst,
        alert_counts=alert_counts,
        waiting=waiting,
        failed=failed,
        unsent=unsent,
        evidence=lambda alert: alerts.evidence(view, alert),
        stock_of=lambda alert: alerts.stock_of(view, alert),
    )
