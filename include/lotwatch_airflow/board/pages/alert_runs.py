"""Runs that evaluated the rules: what each found, what it did to alerts, and what a backfilled one would have alerted on."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from lotwatch_airflow.board.filters import Filters, Text
from lotwatch_airflow.board.listing import Order, Statement, fetch_first, fetch_page_of_many
from lotwatch_airflow.board.pages.alerts import evidence
from lotwatch_airflow.board.view import View, ViewDep

router = APIRouter()

#: as Airflow allows them
Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.~:+-]{1,250}$")]
_CSV = ("rule_id", "rule", "severity", "alert_event", "alert_id", "subject_key", "evidence")


class RunFilters(Filters):
    """Which runs."""

    backfilled: bool = False


class ChangeFilters(Filters):
    """Which of a run's findings."""

    rule: Text | None = None

    def statement(self, dag_id: str, run_id: str) -> Statement:
        """What the run did to alerts, the most severe first."""
        order = [Order("severity_rank", True), Order("rule_id"), Order("subject_key"), Order("number")]
        return Statement("alert_run_changes", {"dag": dag_id, "run": run_id, "rule": self.rule}, order)


@router.get("/alerts/runs")
def list_runs(view: ViewDep, filters: Annotated[RunFilters, Query()]) -> Response:
    """Evaluations, the latest first."""
    with view.transaction() as conn:
        runs = fetch_page_of_many(conn, _runs(filters.backfilled), filters.page, filters.size)
    return view.page("alerts-runs", filters=filters, runs=runs)


@router.get("/alerts/runs/{dag_id}/{run_id}")
def show_run(view: ViewDep, dag_id: Name, run_id: Name, filters: Annotated[ChangeFilters, Query()]) -> Response:
    """What a run found and did to alerts; Airflow shows this page beside each run."""
    with view.transaction() as conn:
        latest = next(iter(fetch_first(conn, _runs(dag_id=dag_id, run_id=run_id), 1)), None)
        changes = fetch_page_of_many(conn, filters.statement(dag_id, run_id), filters.page, filters.size)
    return view.page(
        "alerts-run",
        filters=filters,
        run={"dag_id": dag_id, "run_id": run_id},
        latest=latest,
        changes=changes,
        evidence=lambda row: evidence(view, row),
    )


@router.get("/alerts/runs/{dag_id}/{run_id}/changes.csv")
def run_csv(view: ViewDep, dag_id: Name, run_id: Name, filters: Annotated[ChangeFilters, Query()]) -> Response:
    """All that a run did to alerts, or would have."""

    def cell(row: dict[str, object], column: str) -> object:
        if column == "rule":
            return view.title_of(str(row["rule_id"]))
        if column == "evidence":
            return "; ".join(f"{label}: {value}" for label, value in evidence(view, row))
        return _event(view, row) if column == "alert_event" else row[column]

    return view.download("alerts-of-run", filters.statement(dag_id, run_id), _CSV, cell)


def _event(view: View, row: dict[str, object]) -> str:
    return view.texts.name("alert_event", str(row["kind"]))


def _runs(backfilled: bool = False, dag_id: str | None = None, run_id: str | None = None) -> Statement:
    parameters = {"backfilled": backfilled, "dag": dag_id, "run": run_id}
    return Statement("alert_runs", parameters, [Order("run_log_id", True)])
