"""Consistency: the checks across systems with their trends, what each has found, and taking a finding as known."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, HTTPException, Path, Query, Response
from psycopg.rows import DictRow

from lotwatch import consistency
from lotwatch.config import Words
from lotwatch.consistency import Check
from lotwatch.errors import LotwatchError
from lotwatch_airflow.board.filters import Filters, Note, Text
from lotwatch_airflow.board.listing import Order, Statement, fetch_all, fetch_page
from lotwatch_airflow.board.view import View, ViewDep
from lotwatch_airflow.board.writing import WriteDep

router = APIRouter()

#: runs in a trend
_RUNS = 60
#: what an acceptance is offered for, in days
_ACCEPTED_DAYS = 30
_CSV = (
    "finding_id", "subject_key", "severity", "state", "site_code", "difference", "value", "first_seen", "last_seen",
    "resolved_at", "recurrences", "accepted_by", "accepted_through", "accept_reason",
)  # fmt: skip
_RANK = {"critical": 0, "warning": 1, "info": 2}
CheckId = Annotated[str, Path(pattern=r"^[a-z_]{1,60}$")]
FindingId = Annotated[int, Path(ge=1, le=2**63 - 1)]


class CheckFilters(Filters):
    """Which checks."""

    standing: Literal["open", "broken"] | None = None


class FindingFilters(Filters):
    """Which findings of a check."""

    state: Literal["open", "accepted", "resolved", "all"] = "open"
    site: Text | None = None
    text: Text | None = None
    sort: Literal["difference", "value", "first_seen", "last_seen"] = "value"
    order: Literal["asc", "desc"] = "desc"

    def statement(self, check_id: str, today: date, finding_id: int | None = None) -> Statement:
        """The findings, the largest first unless told; or one of them."""
        sort = {"difference": "size", "value": "worth"}.get(self.sort, self.sort)
        parameters = self.parameters() | {"check_id": check_id, "today": today, "finding": finding_id}
        return Statement("findings", parameters, [Order(sort, self.order == "desc"), Order("subject_key")])


class Trend:
    """A check's last runs as a line: `points` for an SVG polyline, a run that was broken leaves it out."""

    def __init__(self, runs: Sequence[Mapping[str, Any]], width: int, height: int) -> None:
        self.width, self.height = width, height
        self.runs = [run for run in runs if run["found"] is not None]
        self.most = max((run["found"] for run in self.runs), default=0)

    @property
    def points(self) -> str:
        """`x,y x,y ...`, from the left, the most at the top."""
        step = self.width / max(1, len(self.runs) - 1)
        return " ".join(f"{place * step:.1f},{self._y(run['found']):.1f}" for place, run in enumerate(self.runs))

    @property
    def last(self) -> tuple[str, str]:
        """Where the line ends."""
        return f"{self.width if len(self.runs) > 1 else 0:.1f}", f"{self._y(self.runs[-1]['found']):.1f}"

    def _y(self, found: int) -> float:
        return self.height - 2 - (self.height - 4) * found / max(1, self.most)


@router.get("/consistency")
def list_checks(view: ViewDep, filters: Annotated[CheckFilters, Query()]) -> Response:
    """All checks with their trend, those with something open first."""
    with view.transaction() as conn:
        kept = {row["check_id"]: row for row in fetch_all(conn, "checks", {"today": _today(view), "runs": _RUNS})}
    rows = [_standing(check, kept.get(check.id)) for check in consistency.load_checks().values()]
    chosen = [row for row in rows if filters.standing is None or row[filters.standing]]
    chosen.sort(key=lambda row: (not row["broken"], not row["open"], _RANK[row["check"].severity], row["check"].id))
    return view.page("consistency", filters=filters, checks=chosen, say=lambda words: say(view, words))


@router.get("/consistency/{check_id}")
def show_check(view: ViewDep, check_id: CheckId, filters: Annotated[FindingFilters, Query()]) -> Response:
    """What a check has found, with its evidence and its trend."""
    check = _check(check_id)
    with view.transaction() as conn:
        findings = fetch_page(conn, filters.statement(check_id, _today(view)), filters.page, filters.size)
        sites = fetch_all(conn, "sites")
        runs = fetch_all(conn, "check_runs", {"check_id": check_id, "runs": _RUNS})
    return view.page(
        "consistency-check",
        filters=filters,
        check=check,
        findings=findings,
        sites=sites,
        runs=runs,
        trend=Trend(runs[::-1], 600, 90),
        say=lambda words: say(view, words),
        shown=lambda name, value: shown(view, name, value),
    )


@router.get("/consistency/{check_id}/findings.csv")
def findings_csv(view: ViewDep, check_id: CheckId, filters: Annotated[FindingFilters, Query()]) -> Response:
    """All findings of a check that match the filters, each value of the evidence in a column of its own."""
    check = _check(check_id)

    def cell(row: DictRow, column: str) -> object:
        if column in _CSV:
            return row[column]
        value = row["evidence"].get(column.removeprefix("evidence."))
        return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value

    columns = (*_CSV[:3], *(f"evidence.{name}" for name in check.columns), *_CSV[3:])
    headings = {f"evidence.{name}": say(view, words) for name, words in check.columns.items()}
    return view.download(check_id, filters.statement(check_id, _today(view)), columns, cell, headings=headings)


@router.get("/consistency/{check_id}/{finding_id}")
def show_finding(
    view: ViewDep, check_id: CheckId, finding_id: FindingId, done: Literal["accepted"] | None = None
) -> Response:
    """One finding, and the form to take it as known for who may."""
    return _show(view, _check(check_id), _read(view, check_id, finding_id), done=done)


@router.post("/consistency/{check_id}/{finding_id}")
def accept(
    write: WriteDep,
    check_id: CheckId,
    finding_id: FindingId,
    through: Annotated[str, Form()] = "",
    reason: Annotated[Note, Form()] = "",
) -> Response:
    """Take a finding as known until a day, and show it."""
    view, check = write.view, _check(check_id)
    finding = _read(view, check_id, finding_id)
    try:
        with write.transaction("accept_finding", "accept finding") as (conn, context):
            if view.limited:
                write.need_site(conn, finding["site_id"] or 0)
            consistency.accept(
                conn, context, finding_id, through=_day(view, through), reason=reason, accepted_by=write.person.name
            )
    except LotwatchError as error:
        again = _read(view, check_id, finding_id)
        return _show(view, check, again, error=view.told(error), through=through, reason=reason)
    return view.see(f"consistency/{check_id}/{finding_id}", done="accepted")


def say(view: View, words: Words) -> str:
    """Words of a check in the language of the page."""
    return words.zh if view.language == "zh" else words.en


def shown(view: View, name: str, value: Any) -> str:
    """A value of a finding's evidence as people read it."""
    if value is None:
        return view.texts("none")
    if isinstance(value, bool):
        return view.texts("yes" if value else "no")
    if isinstance(value, int | float | Decimal):
        return view.formats.number(value)
    if name.endswith("_at") or name == "last_read":
        return view.formats.moment(datetime.fromisoformat(value))
    return str(value)


def _standing(check: Check, row: DictRow | None) -> dict[str, Any]:
    """A check with what is known of it; one that was never run, or of other sites, has no run."""
    kept: Mapping[str, Any] = row or {}
    return {
        "check": check,
        "open": kept.get("open") or 0,
        "accepted": kept.get("accepted") or 0,
        "value": kept.get("value"),
        "as_of": kept.get("as_of"),
        "examined": kept.get("examined"),
        "broken": kept.get("state") == "broken",
        "error": kept.get("error"),
        "trend": Trend(kept.get("trend") or [], 120, 28),
    }


def _show(view: View, check: Check, finding: DictRow, *, error: str | None = None, **values: Any) -> Response:
    mine = not view.limited or finding["site_id"] is not None
    plain: dict[str, Any] = {
        "done": None,
        "reason": "",
        "through": (_today(view) + timedelta(days=_ACCEPTED_DAYS)).isoformat(),
        "may_accept": finding["resolved_at"] is None and mine and view.person.may("accept_finding"),
    }
    return view.page(
        "consistency-one",
        status=409 if error else 200,
        check=check,
        finding=finding,
        error=error,
        today=_today(view),
        latest=_today(view) + consistency.LONGEST_ACCEPTANCE,
        say=lambda words: say(view, words),
        shown=lambda name, value: shown(view, name, value),
        **plain | values,
    )


def _read(view: View, check_id: str, finding_id: int) -> DictRow:
    """A finding that the person may see. Raises HTTPException (404)."""
    with view.transaction() as conn:
        statement = FindingFilters(state="all").statement(check_id, _today(view), finding_id)
        found = fetch_page(conn, statement, 1, 1).rows
    if not found:
        raise HTTPException(404)
    return found[0]


def _check(check_id: str) -> Check:
    """A check by its name. Raises HTTPException (404)."""
    found = consistency.load_checks().get(check_id)
    if found is None:
        raise HTTPException(404)
    return found


def _day(view: View, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise LotwatchError(view.texts("consistency_page.no_day")) from None


def _today(view: View) -> date:
    return view.as_of.date()
