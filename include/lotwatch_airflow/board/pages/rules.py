"""Rules: what is in force with what it finds, the texts each rule ever had, and changes that wait for a second person."""

import difflib
import json
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, HTTPException, Path, Query, Response

from lotwatch import governance
from lotwatch import rules as rules_
from lotwatch.errors import LotwatchError
from lotwatch.rules import Rule
from lotwatch.rules.versions import texts_of, versions
from lotwatch_airflow.board.filters import Filters, Note, Text
from lotwatch_airflow.board.listing import Order, Statement, fetch_all, fetch_page
from lotwatch_airflow.board.person import Refused
from lotwatch_airflow.board.view import View, ViewDep
from lotwatch_airflow.board.writing import WriteDep

router = APIRouter()

#: texts of a rule, and change sets, on one page
_MOST = 20
#: how far a rule's record goes back
_RECORD_DAYS = 90
#: parts of a change set whose texts are shown
_MOST_SHOWN = 100
RuleId = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{2,59}$")]
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]


class RuleFilters(Filters):
    """Which rules."""

    pack: Text | None = None
    mode: Literal["shadow", "alert", "act"] | None = None
    text: Text | None = None

    def statement(self, rule_id: str | None = None) -> Statement:
        """The rules in force, by pack; or one of them."""
        return Statement("rules", self.parameters() | {"rule": rule_id}, [Order("pack"), Order("rule_id")])


@router.get("/rules")
def list_rules(view: ViewDep, filters: Annotated[RuleFilters, Query()]) -> Response:
    """The rules in force with what they find now, and the latest changes: those that wait first."""
    with view.transaction() as conn:
        found = fetch_page(conn, filters.statement(), filters.page, filters.size)
        packs = [row["pack"] for row in fetch_all(conn, "rule_packs")]
        waiting = governance.changes(conn, pending=True, limit=_MOST)
        decided = [each for each in governance.changes(conn, pending=False, limit=_MOST) if each.decision]
    return view.page("rules", filters=filters, rules=found, packs=packs, waiting=waiting, decided=decided)


@router.get("/rules/{rule_id}")
def show_rule(view: ViewDep, rule_id: RuleId) -> Response:
    """One rule in words, and every text it had with what changed."""
    with view.transaction() as conn:
        kept = versions(conn, rule_id, _MOST + 1)
        row = next(iter(fetch_page(conn, RuleFilters().statement(rule_id), 1, 1).rows), None)
        swept = next(iter(fetch_all(conn, "rule_last_sweep", {"rule": rule_id})), None)
        fared = next(iter(rules_.feedback(conn, view.as_of - timedelta(days=_RECORD_DAYS), rule_id)), None)
    if not kept:
        raise HTTPException(404)
    shown = [
        (version, _difference(kept[place + 1].text, version.text) if place + 1 < len(kept) else None)
        for place, version in enumerate(kept[:_MOST])
    ]
    rule = Rule.model_validate(row["body"]) if row else None
    return view.page(
        "rules-one", rule_id=rule_id, rule=rule, row=row, versions=shown, swept=swept, fared=fared, days=_RECORD_DAYS
    )


@router.get("/rules/changes/{number}")
def show_change(view: ViewDep, number: Number, done: Literal["activated", "rejected"] | None = None) -> Response:
    """A change set: who asks for it, why, and what would be otherwise; the form to decide for who may."""
    return _show(view, number, done=done)


@router.post("/rules/changes/{number}")
def decide(
    write: WriteDep,
    number: Number,
    decision: Annotated[Literal["activate", "reject"], Form()],
    baseline: Annotated[bool, Form()] = False,
    note: Annotated[Note, Form()] = "",
) -> Response:
    """Put a change set in force or aside, and show it."""
    view = write.view
    with view.transaction() as conn:
        if view.limited:  # it concerns all sites
            raise Refused("other_site")
        change = _read(conn, number)
    try:
        with write.transaction(f"activate_{change.kind}", f"{decision} change") as (conn, context):
            if decision == "reject":
                governance.reject(conn, context, number, reason=note)
            elif change.kind == "rules":
                rules_.activate(conn, context, number, baseline=baseline)
            else:
                governance.activate(conn, context, number, change.kind)
    except LotwatchError as error:
        return _show(view, number, error=view.told(error), note=note)
    return view.see(f"rules/changes/{number}", done="activated" if decision == "activate" else "rejected")


def _show(view: View, number: int, *, error: str | None = None, **values: Any) -> Response:
    with view.transaction() as conn:
        change = _read(conn, number)
        base = None if change.based_on is None else _read(conn, change.based_on)
        before, after = (_texts(conn, each) for each in (base, change))
    keys = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    differences = [(key, _difference(before.get(key, ""), after.get(key, ""))) for key in keys[:_MOST_SHOWN]]
    may = change.decision is None and not view.limited and view.person.may(f"activate_{change.kind}")
    plain = {"done": None, "note": "", "may_decide": may, "mine": view.person.name == change.submitted_by}
    return view.page(
        "rules-change",
        status=409 if error else 200,
        change=change,
        count=len(keys),
        differences=differences,
        error=error,
        **plain | values,
    )


def _read(conn: Any, number: int) -> governance.Change:
    """A change set that the person may see. Raises HTTPException (404)."""
    try:
        return governance.change(conn, number)
    except LotwatchError:
        raise HTTPException(404) from None


def _texts(conn: Any, change: governance.Change | None) -> dict[str, str]:
    """What a change set holds, as text by its parts."""
    if change is None:
        return {}
    if change.kind == "rules":
        return texts_of(conn, change.content)
    return {key: json.dumps(value, ensure_ascii=False) + "\n" for key, value in change.content.items()}


def _difference(before: str, after: str) -> list[tuple[str, str]]:
    """Lines, each with how it stands: `+`, `-` or a space."""
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=10_000))
    return [(line[0], line[1:]) for line in lines[3:]]  # after the names of the two and where they begin
