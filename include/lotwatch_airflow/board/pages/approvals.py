"""Approvals: what waits for an answer, of oneself or of anybody, one by one and many at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Form, HTTPException, Path, Query, Request, Response
from psycopg.rows import DictRow
from pydantic import Field, StringConstraints

from lotwatch import actions
from lotwatch.actions import Kind
from lotwatch.errors import LotwatchError
from lotwatch_airflow.answering import give
from lotwatch_airflow.board.auth import session_of
from lotwatch_airflow.board.filters import Filters, Note, Text
from lotwatch_airflow.board.listing import Order, Statement, fetch_all, fetch_page
from lotwatch_airflow.board.pages.alerts import evidence
from lotwatch_airflow.board.pages.orders import step_title
from lotwatch_airflow.board.view import View, ViewDep
from lotwatch_airflow.board.writing import Write, WriteDep

router = APIRouter()

PERMISSION = "answer_proposal"
#: how many are answered by one confirmation
MOST_AT_ONCE = 500
ProposalId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Answer = Literal["approved", "rejected"]
#: a proposal and its revision, as `12:1`
Chosen = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,17}:[1-9][0-9]{0,8}$")]


class ApprovalFilters(Filters):
    """Which of what waits."""

    who: Literal["me", "all"] = "me"
    kind: Kind | None = None
    step: Text | None = None
    site: Text | None = None

    def statement(
        self, view: View, policies: actions.Policies, proposals: Sequence[int] | None = None, of: bool = False
    ) -> Statement:
        """What waits, the most urgent first; some of them, or what they come to."""
        may = view.bare or view.person.may(PERMISSION)  # a link is for one whom policies name
        approver, deputy = policies.answered_by(view.person.name) if may else ([], {})
        parameters = self.parameters() | {
            "user": view.person.name,
            "as_of": view.as_of,
            "proposals": None if proposals is None else list(proposals),
            "approver_of": approver,
            "deputy_of": list(deputy),
            "deputy_after": list(deputy.values()),
        }
        if of:
            return Statement("approval_counts", parameters, [Order("kind"), Order("currency")], "approvals")
        return Statement("approvals", parameters, [Order("ask_until"), Order("proposal_id")])


class ApprovalsPage(ApprovalFilters):
    """`done` and `left` say how many of many were just answered, and were not."""

    done: int | None = Field(default=None, ge=0, le=MOST_AT_ONCE)
    left: int = Field(default=0, ge=0, le=MOST_AT_ONCE)

    def chosen(self) -> dict[str, Any]:
        """What differs from the page as it is opened, for its links; what was just done is said once."""
        return {name: value for name, value in super().chosen().items() if name not in {"done", "left"}}


@dataclass(frozen=True, slots=True)
class Summary:
    """What many proposals come to, by kind and currency, and which they are (`12:1`)."""

    groups: list[DictRow]
    chosen: list[str]

    @property
    def totals(self) -> dict[str, Decimal]:
        """By currency."""
        found: dict[str, Decimal] = {}
        for group in self.groups:
            found[group["currency"]] = found.get(group["currency"], Decimal(0)) + group["total"]
        return found


@router.get("/approvals")
def list_approvals(
    view: ViewDep,
    filters: Annotated[ApprovalsPage, Query()],
) -> Response:
    """What waits for an answer."""
    with view.transaction() as conn:
        policies = actions.active_policies(conn)
        waiting = fetch_page(conn, filters.statement(view, policies), filters.page, filters.size)
        mine = fetch_page(conn, _of_mine(filters).statement(view, policies), 1, 1).row_count
        sites = fetch_all(conn, "sites")
    return view.page(
        "approvals",
        filters=filters,
        waiting=waiting,
        mine=mine,
        most=MOST_AT_ONCE,
        sites=sites,
        kinds=get_args(Kind),
        steps=[(name, getattr(step.title, view.language)) for name, step in policies.steps.items()],
        step_title=lambda step: step_title(view, policies, step),
    )


@router.get("/approvals/{proposal_id}")
def show_approval(view: ViewDep, proposal_id: ProposalId) -> Response:
    """One that waits: why, what it costs and saves, what else there was, and the forms to answer and change it."""
    return _show(view, proposal_id)


@router.post("/approvals/several")
def sum_up(
    write: WriteDep,
    filters: Annotated[ApprovalFilters, Query()],
    which: Annotated[Literal["chosen", "all"], Form()],
    chosen: Annotated[list[Chosen], Form(max_length=MOST_AT_ONCE)] = [],  # noqa: B006  # FastAPI copies it
) -> Response:
    """What the chosen ones come to, or all that match: nothing is decided by this."""
    write.person.need(PERMISSION)
    proposals = None if which == "all" else [int(each.partition(":")[0]) for each in chosen]
    summary = _summary(write.view, _of_mine(filters), proposals)
    return write.view.page("approvals-several", summary=summary)


@router.post("/approvals/answers")
def answer_several(
    write: WriteDep,
    request: Request,
    answer: Annotated[Answer, Form()],
    chosen: Annotated[list[Chosen], Form(max_length=MOST_AT_ONCE, min_length=1)],
    note: Annotated[Note, Form()] = "",
) -> Response:
    """Answer what was summed up, each by a decision of its own; one that changed or was answered meanwhile is left."""
    view = write.view
    asked = {
        (row["proposal_id"], row["revision"]): row for row in _rows(view, [int(c.partition(":")[0]) for c in chosen])
    }
    done = 0
    for each in chosen:
        number, _, revision = each.partition(":")
        row = asked.get((int(number), int(revision)))
        if row is not None:
            try:
                _give(write, request, row, answer, note)
                done += 1
            except (actions.NotTheirs, actions.TooLate):
                pass
    return view.see("approvals", done=done, left=len(chosen) - done)


@router.post("/approvals/{proposal_id}")
def answer_one(
    write: WriteDep,
    request: Request,
    proposal_id: ProposalId,
    answer: Annotated[Answer, Form()],
    revision: Annotated[int, Form(ge=1, le=10**9)],
    step: Annotated[Text, Form()],
    note: Annotated[Note, Form()] = "",
) -> Response:
    """Answer what was shown, and go back to what waits; not if it changed or was answered since it was looked at."""
    row = read(write.view, proposal_id)
    try:
        _give(write, request, row | {"revision": revision, "step": step}, answer, note)
    except LotwatchError as error:
        return _show(write.view, proposal_id, error=write.view.told(error), note=note)
    return write.view.see("approvals", done=1)


@router.post("/approvals/{proposal_id}/change")
def change(
    write: WriteDep,
    request: Request,
    proposal_id: ProposalId,
    line: Annotated[list[Text], Form(max_length=5_000)],
    quantity: Annotated[list[int], Form(max_length=5_000)],
    revision: Annotated[int, Form(ge=1, le=10**9)],
    step: Annotated[Text, Form()],
    note: Annotated[Note, Form()] = "",
) -> Response:
    """Change quantities: it is guarded and asked anew, and Airflow's question about what it was is put away."""
    view, person = write.view, write.person
    row = read(view, proposal_id)
    try:
        with write.transaction(PERMISSION, "change proposal") as (conn, context):
            write.need_site(conn, row["site_id"])
            wanted = decision_of(view, row | {"revision": revision, "step": step}, "rejected", note)
            before, refusals = actions.revise(
                conn, wanted, dict(zip(line, quantity, strict=False)), context, actions.active_policies(conn)
            )
    except LotwatchError as error:
        return _show(view, proposal_id, error=view.told(error), note=note)
    # once it is so: the answer to the old question decides nothing, and wakes who asks about the new revision
    said = view.texts("approvals_page.superseded", person=person.name, revision=revision + 1)
    view.board.tell_airflow(before, "rejected", said, session_of(request))
    return view.page("approvals-changed", row=row, revision=revision + 1, refusals=refusals)


def shown(view: View, row: DictRow) -> dict[str, Any]:
    """What is shown of one that waits, beside its row."""
    with view.transaction() as conn:
        lines = fetch_all(conn, "approval_lines", {"proposal": row["proposal_id"]})
        history = fetch_all(conn, "approval_history", {"proposal": row["proposal_id"]})
        policies = actions.active_policies(conn)
    return {
        "row": row,
        "lines": lines,
        "history": history,
        "step_title": lambda step: step_title(view, policies, step),
        "evidence": lambda line: _evidence(view, line),
        "in_words": lambda told: told.get(view.language, "") if isinstance(told, Mapping) else told,
    }


def read(view: View, proposal_id: int) -> DictRow:
    """One that waits and that the person may see. Raises HTTPException (404)."""
    found = _rows(view, [proposal_id])
    if not found:
        raise HTTPException(404)
    return found[0]


def decision_of(view: View, row: DictRow, answer: Answer, note: str) -> actions.Decision:
    """An answer to what was shown, by the person who looks at it."""
    return actions.Decision(
        proposal_id=row["proposal_id"],
        revision=row["revision"],
        step=row["step"],
        answer=answer,
        decided_by=view.person.name,
        decided_at=view.as_of,
        note=note or None,
        asked_by_run=row["asked_by_run"],
    )


def _of_mine(filters: ApprovalFilters) -> ApprovalFilters:
    return filters.model_copy(update={"who": "me"})


def _evidence(view: View, line: DictRow) -> list[tuple[str, str]]:
    """The values behind a line: those of its alert, else those it was reckoned from."""
    if line["evidence"] is not None:
        return evidence(view, line)
    plain = {name: value for name, value in line["why"].items() if isinstance(value, str | int | float)}
    return evidence(view, {"evidence": plain, "subject": {}})


def _rows(view: View, proposals: Sequence[int]) -> list[DictRow]:
    with view.transaction() as conn:
        statement = ApprovalFilters(who="all").statement(view, actions.active_policies(conn), proposals)
        return fetch_page(conn, statement, 1, MOST_AT_ONCE).rows


def _summary(view: View, filters: ApprovalFilters, proposals: Sequence[int] | None) -> Summary:
    with view.transaction() as conn:
        policies = actions.active_policies(conn)
        listed = fetch_page(conn, filters.statement(view, policies, proposals), 1, MOST_AT_ONCE).rows
        some = [row["proposal_id"] for row in listed]
        groups = fetch_page(conn, filters.statement(view, policies, some, of=True), 1, 200).rows
    return Summary(groups, [f"{row['proposal_id']}:{row['revision']}" for row in listed])


def _give(write: Write, request: Request, row: DictRow, answer: Answer, note: str) -> None:
    view = write.view
    with write.transaction(PERMISSION, f"proposal {answer}") as (conn, context):
        write.need_site(conn, row["site_id"])
        give(conn, decision_of(view, row, answer, note), context, view.board.tell_airflow, session_of(request))


def _show(view: View, proposal_id: int, *, error: str | None = None, note: str = "") -> Response:
    row = read(view, proposal_id)
    return view.page(
        "approvals-one",
        status=409 if error else 200,
        changeable=row["kind"] in actions.CHANGEABLE,
        error=error,
        note=note,
        **shown(view, row),
    )
