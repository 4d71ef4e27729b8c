"""Counts: what was counted beside what the books said, and who decided on the difference."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, HTTPException, Path, Query, Response
from psycopg import Connection
from psycopg.rows import DictRow

from lotwatch.errors import LotwatchError
from lotwatch.jobs import stock
from lotwatch_airflow.board.filters import Filters, Note, Text
from lotwatch_airflow.board.listing import Order, Page, Statement, fetch_all, fetch_page
from lotwatch_airflow.board.view import View, ViewDep
from lotwatch_airflow.board.writing import WriteDep

router = APIRouter()

_CSV = (
    "code", "kind", "state", "site_code", "site_name", "counted_at", "counted_by", "lines", "lines_off", "units_off",
    "net_value", "decided_at", "decided_by", "note", "source", "source_number",
)  # fmt: skip
_LINES_CSV = (
    "item_code", "item_name", "location_code", "location_name", "lot_number", "serial_number", "owner", "status",
    "counted", "expected", "variance", "variance_value", "expected_before", "moved_since",
)  # fmt: skip
CountId = Annotated[int, Path(ge=1, le=2**63 - 1)]


class CountFilters(Filters):
    """Which counts."""

    state: Literal["proposed", "approved", "rejected"] | None = None
    site: Text | None = None

    def statement(self, stocktake_id: int | None = None) -> Statement:
        """The counts, those to be decided and the latest first; or one of them."""
        order = [Order("urgency"), Order("counted_at", True), Order("stocktake_id", True)]
        return Statement("counts", self.parameters() | {"stocktake": stocktake_id}, order)


class LineFilters(Filters):
    """Which lines of a count: all, or those that are `off`."""

    off: bool = False

    def statement(self, stocktake_id: int) -> Statement:
        """The lines, the farthest from the books first."""
        order = [Order("units_off", True), Order("item_code"), Order("location_code"), Order("lot_number")]
        order += [Order("serial_number"), Order("owner"), Order("status")]
        return Statement("count_lines", self.parameters() | {"stocktake": stocktake_id}, order)


@router.get("/counts")
def list_counts(view: ViewDep, filters: Annotated[CountFilters, Query()]) -> Response:
    """Counts with how far they are from the books."""
    with view.transaction() as conn:
        counts = fetch_page(conn, filters.statement(), filters.page, filters.size)
        sites = fetch_all(conn, "sites")
    return view.page("counts", filters=filters, counts=counts, sites=sites)


@router.get("/counts.csv")
def counts_csv(view: ViewDep, filters: Annotated[CountFilters, Query()]) -> Response:
    """All counts that match the filters."""

    def cell(row: DictRow, column: str) -> object:
        return row["number" if column == "source_number" else column]

    return view.download("counts", filters.statement(), _CSV, cell)


@router.get("/counts/{count_id}")
def show_count(view: ViewDep, count_id: CountId, filters: Annotated[LineFilters, Query()]) -> Response:
    """A count line by line, with the form to decide on it for who may."""
    return _show(view, count_id, filters)


@router.get("/counts/{count_id}/lines.csv")
def lines_csv(view: ViewDep, count_id: CountId, filters: Annotated[LineFilters, Query()]) -> Response:
    """All lines of a count."""
    with view.transaction() as conn:
        code = _read(conn, count_id)["code"]
    return view.download(f"count-{code}", filters.statement(count_id), _LINES_CSV)


@router.post("/counts/{count_id}")
def decide(
    write: WriteDep,
    count_id: CountId,
    decision: Annotated[Literal["approved", "rejected"], Form()],
    seen_variance: Annotated[int, Form(ge=0, le=2**63 - 1)],
    note: Annotated[Note, Form()] = "",
) -> Response:
    """Approve or reject a count, and show it; not if the books of its moment changed since it was looked at."""
    view, person = write.view, write.person
    with view.transaction() as conn:
        count = _read(conn, count_id)
    try:
        with write.transaction("approve_count", f"count {decision}") as (conn, context):
            write.need_site(conn, count["site_id"])
            if count["counted_by"] == person.name:
                raise LotwatchError(view.texts("counts_page.counted_by_you"), where=count["code"])
            stock.decide_count(
                conn,
                count_id,
                decision,
                context,
                decided_by=person.name,
                note=note or None,
                seen_variance=seen_variance,
            )
    except LotwatchError as error:
        return _show(view, count_id, LineFilters(), error=view.told(error), note=note)
    return view.see(f"counts/{count_id}")


def _read(conn: Connection, count_id: int) -> DictRow:
    """A count that the person may see. Raises HTTPException (404)."""
    found = fetch_page(conn, CountFilters().statement(count_id), 1, 1).rows
    if not found:
        raise HTTPException(404)
    return found[0]


def _show(view: View, count_id: int, filters: LineFilters, *, error: str | None = None, note: str = "") -> Response:
    with view.transaction() as conn:
        count = _read(conn, count_id)
        lines = fetch_page(conn, filters.statement(count_id), filters.page, filters.size, "count_totals")
        whole = lines.totals if not filters.off else _whole(conn, count_id).totals
    return view.page(
        "counts-one",
        status=409 if error else 200,
        filters=filters,
        count=count,
        lines=lines,
        whole=whole,
        may_decide=_may_decide(view, count),
        error=error,
        note=note,
    )


def _whole(conn: Connection, count_id: int) -> Page:
    """The totals over all lines: what is decided on is never a part of a count."""
    return fetch_page(conn, LineFilters().statement(count_id), 1, 1, "count_totals")


def _may_decide(view: View, count: DictRow) -> bool:
    return count["state"] == "proposed" and view.person.may("approve_count")
