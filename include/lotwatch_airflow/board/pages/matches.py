"""Matches: which item a code that nobody knows may be, for a person to say; and what device records filled into items."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, HTTPException, Path, Query, Response
from psycopg.rows import DictRow

from lotwatch.consistency import matching
from lotwatch.errors import LotwatchError
from lotwatch_airflow.board.filters import Filters, Note, Text
from lotwatch_airflow.board.listing import Order, Statement, fetch_all, fetch_page
from lotwatch_airflow.board.view import View, ViewDep
from lotwatch_airflow.board.writing import WriteDep

router = APIRouter()

_CSV = (
    "suggestion_id", "system", "match_kind", "their_code", "described", "item_code", "item_name", "score", "reason",
    "package_level", "units_contained", "waiting", "state", "first_seen", "decided_by", "decided_at", "note",
)  # fmt: skip
#: fields of how they describe it, in the order in which they are shown
_DESCRIBED = ("name", "brand", "model", "catalogue_number", "maker", "registration_number")
SuggestionId = Annotated[int, Path(ge=1, le=2**63 - 1)]


class MatchFilters(Filters):
    """Which suggestions."""

    state: Literal["proposed", "confirmed", "rejected", "obsolete", "all"] = "proposed"
    system: Text | None = None
    match_kind: Literal["item", "identifier"] | None = None
    text: Text | None = None

    def statement(self, suggestion_id: int | None = None) -> Statement:
        """The suggestions, those that most records wait for first; or one of them."""
        order = [Order("waiting", True), Order("score", True), Order("their_code"), Order("suggestion_id")]
        return Statement("matches", self.parameters() | {"suggestion": suggestion_id}, order)


@router.get("/matches")
def list_matches(view: ViewDep, filters: Annotated[MatchFilters, Query()]) -> Response:
    """Suggestions, and the latest values that device records filled in."""
    with view.transaction() as conn:
        found = fetch_page(conn, filters.statement(), filters.page, filters.size)
        systems = [row["system"] for row in fetch_all(conn, "match_systems")]
        fills = fetch_all(conn, "fills")
    return view.page(
        "matches",
        filters=filters,
        matches=found,
        systems=systems,
        fills=fills,
        described=described,
        may_confirm=_may(view),
    )


@router.get("/matches.csv")
def matches_csv(view: ViewDep, filters: Annotated[MatchFilters, Query()]) -> Response:
    """All suggestions that match the filters."""

    def cell(row: DictRow, column: str) -> object:
        if column == "reason":
            return row["reason"][view.language]
        if column == "described":
            return described(row["theirs"])
        return row[column]

    return view.download("matches", filters.statement(), _CSV, cell)


@router.get("/matches/{suggestion_id}")
def show_match(
    view: ViewDep, suggestion_id: SuggestionId, done: Literal["confirmed", "rejected"] | None = None
) -> Response:
    """One suggestion, theirs and ours side by side, and the form to decide for who may."""
    return _show(view, _read(view, suggestion_id), done=done)


@router.post("/matches/{suggestion_id}")
def decide(
    write: WriteDep,
    suggestion_id: SuggestionId,
    decision: Annotated[Literal["confirm", "reject"], Form()],
    note: Annotated[Note, Form()] = "",
    units: Annotated[str, Form(pattern=r"^[0-9]{0,7}$")] = "",
) -> Response:
    """Confirm or reject a suggestion, and show it."""
    view, by = write.view, write.person.name
    _read(view, suggestion_id)
    try:
        with write.transaction("confirm_match", f"{decision} match") as (conn, context):
            if decision == "confirm":
                packed = int(units) if units else None
                matching.confirm(conn, context, suggestion_id, by=by, note=note or None, units_contained=packed)
            else:
                matching.reject(conn, context, suggestion_id, by=by, note=note or None)
    except LotwatchError as error:
        return _show(view, _read(view, suggestion_id), error=view.told(error), note=note, units=units)
    return view.see(f"matches/{suggestion_id}", done="confirmed" if decision == "confirm" else "rejected")


def described(theirs: Mapping[str, str]) -> str:
    """How they describe it, in one line."""
    return " · ".join(theirs[field] for field in _DESCRIBED if theirs.get(field))


def _may(view: View) -> bool:
    return view.person.may("confirm_match") and not view.limited


def _show(view: View, match: DictRow, *, error: str | None = None, **values: Any) -> Response:
    plain: dict[str, Any] = {
        "done": None,
        "note": "",
        "units": "",
        "may_decide": match["state"] == "proposed" and _may(view),
    }
    return view.page(
        "matches-one",
        status=409 if error else 200,
        match=match,
        fields=_DESCRIBED,
        error=error,
        **plain | values,
    )


def _read(view: View, suggestion_id: int) -> DictRow:
    """A suggestion that the person may see. Raises HTTPException (404)."""
    with view.transaction() as conn:
        found = fetch_page(conn, MatchFilters(state="all").statement(suggestion_id), 1, 1).rows
    if not found:
        raise HTTPException(404)
    return found[0]
