"""Puts the board together: its routes, all of them behind a login, its errors in words, its headers."""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import psycopg
from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from psycopg.errors import QueryCanceled
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lotwatch.errors import RuleError
from lotwatch.sources.letters import LARGEST_FILE
from lotwatch_airflow.board import assets
from lotwatch_airflow.board.auth import signed_in
from lotwatch_airflow.board.database import READS, WRITES, Reader, Writer, airflow_address
from lotwatch_airflow.board.forms import Forms
from lotwatch_airflow.board.pages import (
    alert_runs,
    alerts,
    approvals,
    consistency,
    counts,
    holds,
    inventory,
    matches,
    messages,
    notices,
    orders,
    quality,
    recall_review,
    recall_tasks,
    recalls,
    rules,
    tasks,
    today,
    trace,
)  # fmt: skip
from lotwatch_airflow.board.person import Refused
from lotwatch_airflow.board.texts import Language
from lotwatch_airflow.board.view import Board, View

#: a letter, and the fields of its form
_LARGEST_BODY = LARGEST_FILE + 256 * 1024
log = logging.getLogger(__name__)

_SECURITY = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def board_of_airflow() -> FastAPI:
    """The board as Airflow mounts it: its database from Airflow's connection, its clock the machine's."""
    return create_app(airflow_board())


def airflow_board() -> Board:
    """What the board is put together from, as Airflow has it."""
    from airflow.sdk import conf

    from lotwatch_airflow.systems import case_key

    return Board(
        reader=Reader(lambda: airflow_address(READS)),
        writer=Writer(lambda: airflow_address(WRITES)),
        forms=Forms(conf.get("api", "secret_key"), conf.get("api", "base_url")),
        titles=_rule_titles,
        now=lambda: datetime.now(UTC),
        case_key=case_key,
    )


def create_app(board: Board) -> FastAPI:
    """An ASGI application; it opens its database connections at the first page and closes them when it ends."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        board.reader.close()

    app = FastAPI(
        title="Lotwatch",
        lifespan=lifespan,
        dependencies=[Depends(signed_in)],
        openapi_url=None,  # its own pages would be open to everybody
    )
    app.state.board = board
    for page in (
        today,
        alert_runs,  # before the page of one alert, whose number they would be taken for
        alerts,
        inventory,
        approvals,
        tasks,
        orders,
        holds,
        notices,
        recall_review,
        recall_tasks,
        recalls,
        counts,
        trace,
        quality,
        consistency,
        matches,
        messages,
        rules,
    ):
        app.include_router(page.router)
    app.add_api_route("/static/{name}", static, include_in_schema=False)
    guard_app(app)
    return app


def guard_app(app: FastAPI) -> None:
    """Errors in words, bounded bodies and security headers, for an application whose state has a `board`."""
    app.add_exception_handler(HTTPException, _tell_http_error)
    app.add_exception_handler(RequestValidationError, _tell_bad_request)
    app.add_exception_handler(psycopg.Error, _tell_database_error)
    app.add_middleware(_BoundedBodies)
    app.add_middleware(_SecurityHeaders)


def static(name: str) -> Response:
    """A style sheet, script or picture of ours."""
    if name not in assets.MEDIA_TYPES:
        raise HTTPException(404)
    headers = {"Cache-Control": "private, max-age=604800"}
    return Response(assets.content(name), media_type=assets.MEDIA_TYPES[name], headers=headers)


def _rule_titles(language: Language) -> Mapping[str, str]:
    """Titles by rule id; none while the decision tables cannot be read, which must not take the board away."""
    from lotwatch.rules import titles

    try:
        return titles(language)
    except RuleError:
        log.exception("The board shows rules by their ids")
        return {}


def _tell_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # registered for it
    kind = {401: "signed_out", 403: "forbidden", 413: "too_large", 429: "too_many"}.get(error.status_code, "not_found")
    if kind == "not_found" and View(request).bare:
        kind = "link_over"
    return _tell(request, error.status_code, error.reason if isinstance(error, Refused) else kind)


def _tell_bad_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # registered for it
    fields = ", ".join(sorted({str(problem["loc"][-1]) for problem in error.errors()}))
    return _tell(request, 422, "bad_request", fields=fields)


def _tell_database_error(request: Request, error: Exception) -> Response:
    log.error("The board could not read the database", exc_info=error)
    return _tell(request, 503, "too_slow" if isinstance(error, QueryCanceled) else "no_database")


def _tell(request: Request, status: int, kind: str, **values: str) -> Response:
    return View(request).page("error", status=status, kind=kind, values=values)


class _BoundedBodies:
    """Reads no body that is larger than the largest that a form of ours may send."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        read = 0

        async def receive_bounded() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > _LARGEST_BODY:
                raise HTTPException(413)
            return message

        await self._app(scope, receive_bounded, send)


class _SecurityHeaders:
    """Adds our security headers to every answer, errors included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_SECURITY)
            await send(message)

        await self._app(scope, receive, send_with_headers)
