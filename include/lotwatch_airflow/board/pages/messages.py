"""Messages: what people were told, whether it reached them, and sending again what was given up."""

from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Form, HTTPException, Path, Query, Response
from jinja2 import TemplateError
from psycopg.rows import DictRow

from lotwatch import outbox
from lotwatch.audit import record
from lotwatch.delivery.dispatch import content_of
from lotwatch.delivery.messages import DIGEST, Content, catalogue
from lotwatch.delivery.people import Severity
from lotwatch.errors import LotwatchError
from lotwatch.formats import Language
from lotwatch_airflow.board.filters import Days, Filters, Note, Text
from lotwatch_airflow.board.listing import Order, Statement, fetch_all, fetch_page
from lotwatch_airflow.board.texts import texts
from lotwatch_airflow.board.view import View, ViewDep
from lotwatch_airflow.board.writing import WriteDep

router = APIRouter()

State = Literal[
    "open", "trouble", "all", "waiting", "unclear", "held", "gathered", "sent", "delivered", "bounced", "failed",
    "failed_over", "refused",
]  # fmt: skip
_AGAIN = frozenset({"failed", "bounced", "refused"})
_CSV = (
    "created_at", "severity", "template", "subscriber", "channel", "state", "attempts", "last_error", "sent_at",
)  # fmt: skip
Id = Annotated[int, Path(ge=1, le=2**63 - 1)]


class MessageFilters(Filters):
    """Which deliveries: of the last so many days."""

    state: State = "all"
    channel: Text | None = None
    subscriber: Text | None = None
    template: Text | None = None
    severity: Severity | None = None
    days: Days | None = 7

    def statement(self, view: View, message: int | None = None) -> Statement:
        """The latest first; or those of one message."""
        parameters = self.parameters() | {"message": message, "as_of": view.as_of}
        return Statement("messages", parameters, [Order("created_at", True), Order("outbox_id", True)])


@router.get("/messages")
def list_messages(view: ViewDep, filters: Annotated[MessageFilters, Query()]) -> Response:
    """What people were told lately."""
    with view.transaction() as conn:
        deliveries = fetch_page(conn, filters.statement(view), filters.page, filters.size)
        known = fetch_all(conn, "message_subscribers")[0]
    states = [(state, _state_name(view, state)) for state in get_args(State)]
    return view.page(
        "messages",
        filters=filters,
        deliveries=deliveries,
        states=states,
        templates=view.options("template", [*catalogue(), DIGEST]),
        severities=view.options("severity", list(get_args(Severity))),
        subscribers=[(name, name) for name in known["subscribers"] or ()],
        channels=[(name, name) for name in known["channels"] or ()],
    )


@router.get("/messages.csv")
def messages_csv(view: ViewDep, filters: Annotated[MessageFilters, Query()]) -> Response:
    """All deliveries that match the filters."""
    return view.download("messages", filters.statement(view), _CSV)


@router.get("/messages/{message_id}")
def show_message(view: ViewDep, message_id: Id, done: bool = False) -> Response:
    """One message in words, and to whom it went."""
    return _show(view, message_id, done=done)


@router.post("/messages/{message_id}")
def send_again(
    write: WriteDep,
    message_id: Id,
    delivery: Annotated[int, Form(ge=1, le=2**63 - 1)],
    reason: Annotated[Note, Form()] = "",
) -> Response:
    """Have a delivery sent once more that was given up or came back."""
    view = write.view
    _read(view, message_id)
    try:
        with write.transaction("retry_message", "retry message") as (conn, context):
            if not reason:
                raise LotwatchError(view.texts("messages_page.no_reason"))
            if not outbox.send_again(conn, delivery):
                raise LotwatchError(view.texts("messages_page.not_again"))
            record(conn, context, "message sent again", "message", str(delivery), reason=reason)
    except LotwatchError as error:
        return _show(view, message_id, error=view.told(error))
    return view.see(f"messages/{message_id}", done=1)


def _state_name(view: View, state: str) -> str:
    grouped = state in {"open", "trouble", "all"}
    return view.texts.name("message_states" if grouped else "outbox_state", state)


def _read(view: View, message_id: int) -> DictRow:
    """A message that the person may see. Raises HTTPException (404)."""
    with view.transaction() as conn:
        found = fetch_all(conn, "message", {"message": message_id})
    if not found:
        raise HTTPException(404)
    return found[0]


def _show(view: View, message_id: int, *, done: bool = False, error: str | None = None) -> Response:
    message = _read(view, message_id)
    with view.transaction() as conn:
        statement = MessageFilters(days=None).statement(view, message_id)
        deliveries = fetch_page(conn, statement, 1, 200).rows
        content: Content | None = None
        unwritten = ""
        try:
            content = content_of(conn, message["payload"], view.language, view.airflow(""), _name)
        except (KeyError, ValueError, TemplateError) as trouble:  # of a template that is no more, or data it never had
            unwritten = str(trouble)
    may_retry = view.person.may("retry_message")
    values: dict[str, Any] = {"content": content, "unwritten": unwritten, "done": done, "error": error}
    return view.page(
        "messages-one",
        status=409 if error else 200,
        message=message,
        deliveries=deliveries,
        again=[row for row in deliveries if row["state"] in _AGAIN] if may_retry else [],
        **values,
    )


def _name(language: Language, kind: str, code: str) -> str:
    return texts(language).name(kind, code)
