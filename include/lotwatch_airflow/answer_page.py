"""The page that links of messages lead to, for who answers on a phone without a login: one question, one answer, once.

Opening it shows the question and does nothing else, so that whatever follows links in mails decides nothing.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import FastAPI, Form, HTTPException, Path, Request, Response
from psycopg import Connection
from psycopg.rows import DictRow

from lotwatch import actions
from lotwatch.actions import Invitation, Links
from lotwatch.audit import RunContext, record
from lotwatch.errors import LotwatchError
from lotwatch_airflow.answering import give
from lotwatch_airflow.board.app import guard_app, static
from lotwatch_airflow.board.filters import Note
from lotwatch_airflow.board.forms import FIELD
from lotwatch_airflow.board.pages.approvals import decision_of, read, shown
from lotwatch_airflow.board.person import Person, Refused
from lotwatch_airflow.board.view import Board, View
from lotwatch_airflow.inbox.limits import Bucket

#: requests a second, and at once, of one address
_RATE, _BURST = 0.5, 20
#: addresses that are remembered
_ADDRESSES = 10_000
Token = Annotated[str, Path(min_length=10, max_length=500, pattern=r"^[A-Za-z0-9_.-]+$")]


def answer_page_of_airflow() -> FastAPI:
    """The page as Airflow mounts it."""
    from time import monotonic

    from lotwatch_airflow.answering import login_of
    from lotwatch_airflow.board.app import airflow_board
    from lotwatch_airflow.systems import answer_links

    return create_app(airflow_board(), answer_links, login_of, monotonic)


def create_app(
    board: Board, links: Callable[[], Links | None], login_of: Callable[[str], str | None], clock: Callable[[], float]
) -> FastAPI:
    """An ASGI application without a login: its links are. `login_of` answers None for who is no longer known to Airflow."""
    app = FastAPI(title="Lotwatch answers", openapi_url=None)
    app.state.board = board
    app.state.bare = True  # no navigation: nobody is logged in
    door = _Door(links, login_of, _Turns(clock))
    app.add_api_route("/static/{name}", static, include_in_schema=False)
    app.add_api_route("/{token}", door.show, methods=["GET"])
    app.add_api_route("/{token}", door.answer, methods=["POST"])
    guard_app(app)
    return app


class _Turns:
    """How often each address may ask."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, request: Request) -> None:
        """Raises HTTPException (429)."""
        address = request.client.host if request.client else ""
        bucket = self._buckets.setdefault(address, Bucket(_RATE, _BURST, self._clock()))
        self._buckets.move_to_end(address)
        if len(self._buckets) > _ADDRESSES:
            self._buckets.popitem(last=False)
        if bucket.take(self._clock()):
            raise HTTPException(429)


class _Door:
    def __init__(self, links: Callable[[], Links | None], login_of: Callable[[str], str | None], turns: _Turns) -> None:
        self._links, self._login_of, self._turns = links, login_of, turns

    def show(self, request: Request, token: Token) -> Response:
        """GET: the question, and the buttons to answer it."""
        view, invitation, _ = self._invited(request, token)
        row = self._asked(view, invitation)
        self._note(view, invitation, "answer link opened")
        return self._page(view, token, row)

    def answer(
        self,
        request: Request,
        token: Token,
        answer: Annotated[Literal["approved", "rejected"], Form()],
        form_token: Annotated[str, Form(alias=FIELD)] = "",
        note: Annotated[Note, Form()] = "",
    ) -> Response:
        """POST: the answer."""
        view, invitation, login = self._invited(request, token)
        if not view.board.forms.is_ours(request, token, form_token):
            raise Refused("not_from_here")
        row = self._asked(view, invitation)
        context = _circumstances(view, f"proposal {answer}")
        try:
            with view.board.writer.transaction() as conn:
                if not actions.use_link(conn, invitation, view.as_of, answer):
                    raise actions.TooLate("This link was used before", where=row["code"])
                state = give(conn, decision_of(view, row, answer, note), context, view.board.tell_airflow, login)
        except LotwatchError as error:
            self._note(view, invitation, "answer by link refused", str(error))
            return self._page(view, token, row, error=str(error))
        return view.page("answer-done", row=row, answer=answer, state=state)

    def _invited(self, request: Request, token: str) -> tuple[View, Invitation, str]:
        """For whom a link is. Raises HTTPException: 429 for too many, 404 for one that is not ours or is over."""
        self._turns.take(request)
        links = self._links()
        board: Board = request.app.state.board
        invitation = None if links is None else links.read(token, board.now())
        if invitation is None:
            raise HTTPException(404)
        view = View(request, Person(invitation.person, frozenset()))
        login = self._login_of(invitation.person)
        if login is None:
            self._note(view, invitation, "answer by link refused", "no longer known to Airflow")
            raise HTTPException(404)
        return view, invitation, login

    def _asked(self, view: View, invitation: Invitation) -> DictRow:
        """The question of a link. Raises HTTPException (404) where it is asked no more, as it was."""
        row = read(view, invitation.proposal_id)
        if (row["revision"], row["step"]) != (invitation.revision, invitation.step):
            raise HTTPException(404)
        return row

    def _page(self, view: View, token: str, row: DictRow, error: str | None = None) -> Response:
        field = (FIELD, view.board.forms.token(token))
        status = 409 if error else 200
        return view.page("answer", status=status, token=token, field=field, error=error, **shown(view, row))

    def _note(self, view: View, invitation: Invitation, what: str, why: str | None = None) -> None:
        with view.board.writer.transaction() as conn:
            _record(conn, view, invitation, what, why)


def _record(conn: Connection, view: View, invitation: Invitation, what: str, why: str | None) -> None:
    code = actions.load_proposal(conn, invitation.proposal_id).code
    after = {"revision": invitation.revision, "step": invitation.step}
    record(conn, _circumstances(view, what), what, "proposal", code, after=after, reason=why)


def _circumstances(view: View, what: str) -> RunContext:
    now = view.as_of
    return RunContext("answer link", f"link__{now.isoformat()}", "manual", what, -1, 1, None, now, view.person.name)
