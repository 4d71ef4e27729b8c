"""What the sandbox's servers share: keys, errors, bodies of bounded size, a journal, pages, and misbehaving on demand."""

import asyncio
import math
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar

import jinja2
import typer
import uvicorn
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ROWS_A_PAGE = 20
_PAGES = jinja2.Environment(loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True)
# nothing is loaded from elsewhere and no script runs; what was received may bring its own styles
_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'"

# --- starting


def secret(name: str) -> str:
    """The secret in environment variable `name`; without it the server does not start."""
    value = os.environ.get(name, "")
    if not value:
        raise typer.BadParameter(f"set the environment variable {name} to a secret of your choice")
    return value


def serve(app: FastAPI, port: int) -> None:
    """Answer on 127.0.0.1:`port` until stopped. An app whose state `tells_time` writes the Date of its answers itself."""
    tells_time = getattr(app.state, "tells_time", False)
    uvicorn.run(
        app, host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=1, date_header=not tells_time
    )


def stand_in(name: str, create_app: Callable[[Path, str, str], FastAPI]) -> Callable[..., None]:
    """The command that serves a stand-in; SANDBOX_<NAME>_TOKEN and SANDBOX_CONTROL_TOKEN hold its tokens."""

    def main(
        port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")],
        state: Annotated[Path, typer.Option(help="Folder in which what it is given is kept.", file_okay=False)],
    ) -> None:
        serve(stand_in_app(name, create_app, state), port)

    return main


def stand_in_app(name: str, create_app: Callable[[Path, str, str], FastAPI], state: Path) -> FastAPI:
    """A stand-in's app with the tokens of its environment."""
    state.mkdir(parents=True, exist_ok=True)
    return create_app(state, secret(f"SANDBOX_{name.upper()}_TOKEN"), secret("SANDBOX_CONTROL_TOKEN"))


def new_app(title: str, description: str, *, largest_body: int, invalid_status: int) -> FastAPI:
    """An app that reads bodies of at most `largest_body` bytes and answers what is invalid with `invalid_status`."""
    app = FastAPI(title=title, description=description, docs_url=None, redoc_url=None)
    app.add_middleware(BodyLimit, largest=largest_body)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])

    @app.exception_handler(StarletteHTTPException)
    async def answer_error(request: Request, error: StarletteHTTPException) -> Response:
        return failure(error.status_code, str(error.detail), headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def answer_invalid(request: Request, error: RequestValidationError) -> Response:
        problems = [Problem(message=each["msg"], field=_field(each)) for each in error.errors()]
        return _errors(invalid_status, problems)

    @app.get("/health", include_in_schema=False)
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


# --- errors


class Problem(BaseModel):
    """What is wrong and, where it applies, in which field ("lines.0.quantity")."""

    message: str
    field: str | None = None


class Problems(BaseModel):
    """Every error answer of both servers, in the form that SendGrid describes."""

    errors: list[Problem]


def failure(status: int, message: str, field: str | None = None, headers: Any = None) -> Response:
    return _errors(status, [Problem(message=message, field=field)], headers)


def _errors(status: int, problems: list[Problem], headers: Any = None) -> Response:
    return JSONResponse(Problems(errors=problems).model_dump(exclude_none=True), status, headers)


def _field(error: dict[str, Any]) -> str | None:
    """The dotted path in the body, or the name of the header or parameter; none where the body as a whole is wrong."""
    if error["type"] == "json_invalid":  # its location is a character's position
        return None
    return ".".join(str(part) for part in error["loc"][1:]) or None


# --- requests


def bearer(holders: dict[str, str]) -> Callable[..., str]:
    """A dependency that names the holder of the bearer token sent (`holders`: token -> name), and answers 401 else."""
    scheme = HTTPBearer(auto_error=False)

    def holder(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(scheme)]) -> str:
        sent = credentials.credentials.encode() if credentials else b""
        for token, name in holders.items():
            if secrets.compare_digest(sent, token.encode()):
                return name
        raise HTTPException(401, "authorization required", headers={"WWW-Authenticate": "Bearer"})

    return holder


class BodyLimit:
    """Answers 413 to a body larger than `largest` bytes, having read it to its end but kept none of it.

    (A server that stops reading resets the connection, and the client would see no answer at all.)
    """

    def __init__(self, app: ASGIApp, largest: int) -> None:
        self.app, self.largest = app, largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body, size, more = bytearray(), 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            chunk = message.get("body", b"")
            size += len(chunk)
            body += chunk if size <= self.largest else b""
            more = message.get("more_body", False)
        if size > self.largest:
            await failure(413, "content too large")(scope, receive, send)
            return
        whole: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def replay() -> Message:
            return whole.pop() if whole else await receive()

        await self.app(scope, replay, send)


# --- what was received


Record = TypeVar("Record", bound=BaseModel)


class Journal(Generic[Record]):
    """Records in the order in which they came, in memory and in a file of JSON lines that survives a crash."""

    def __init__(self, path: Path, kind: type[Record]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a+b")
        self._file.seek(0)
        whole, newline, torn = self._file.read().rpartition(b"\n")
        if torn:  # a crash cut this record off before anyone was told that it was accepted
            self._file.truncate(len(whole + newline))
        self.records: list[Record] = [kind.model_validate_json(line) for line in whole.splitlines()]

    def append(self, *records: Record) -> None:
        """Keep `records`; on return they are on disk."""
        self._file.write(b"".join(record.model_dump_json().encode() + b"\n" for record in records))
        self._sync()
        self.records.extend(records)

    def clear(self) -> None:
        self._file.truncate(0)
        self._sync()
        self.records.clear()

    def _sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())


# --- pages


@dataclass(frozen=True)
class Page(Generic[Record]):
    """A page of records, the newest first; `number` counts from 1."""

    rows: list[Record]
    number: int
    pages: int
    total: int


def newest(records: Sequence[Record], number: int) -> Page[Record]:
    """Page `number` of `records`, or the last page where there are not so many."""
    pages = max(math.ceil(len(records) / _ROWS_A_PAGE), 1)
    number = min(number, pages)
    end = len(records) - (number - 1) * _ROWS_A_PAGE
    rows = list(reversed(records[max(end - _ROWS_A_PAGE, 0) : end]))
    return Page(rows, number, pages, len(records))


def render(template: str, page: Page[Any], **more: Any) -> HTMLResponse:
    """The HTML of `page`, escaped; `template` is a path in this folder, and uses `more` as well."""
    html = _PAGES.get_template(template).render(page=page, **more)
    return HTMLResponse(html, headers={"Content-Security-Policy": _PAGE_POLICY})


# --- misbehaving


At = Literal["send", "look_up", "read"]


class Misbehaviour(BaseModel):
    """How the next `times` requests go wrong.

    Of what is read (`at` is `read`): `cut_off` breaks the connection in the middle of the answer; `garbage` spoils one
    record in ten; `repeat` sends records twice; `reverse` in the wrong order; `back_in_time` answers with a clock and stamps of an hour ago;
    `change` changes a record that a page has shown already. The server says which of them it knows.

    `latency` is slow by `seconds`; `429` and `500` fail, `429` asking to come back in `seconds`;
    `timeout_before_accept` and `timeout_after_accept` keep silent for `seconds` and end as a gateway does, with 504;
    `code` answers with the error `code` of the provider's own list (what sends to people); `duplicate` accepts it twice;
    `malformed` accepts it and answers something else; `reject` refuses it.
    `at` says which requests are meant: those that send something, those that look up by reference, or those that read
    pages.
    """

    model_config = ConfigDict(extra="forbid")

    mode: Literal[
        "latency", "429", "500", "timeout_before_accept", "timeout_after_accept", "duplicate", "malformed", "reject",
        "cut_off", "garbage", "repeat", "reverse", "back_in_time", "change", "code",
    ]  # fmt: skip
    code: str = ""
    times: int = Field(1, ge=1, le=1_000_000)
    seconds: float = Field(1, ge=0, le=600)
    at: At = "send"


class Mood:
    """The misbehaviour asked for, and how much of it is left."""

    def __init__(self, reject_status: int) -> None:
        self._reject_status = reject_status
        self._asked: Misbehaviour | None = None

    def become(self, misbehaviour: Misbehaviour | None) -> None:
        self._asked = misbehaviour

    @property
    def asked(self) -> Misbehaviour | None:
        """What is asked for, not counted down."""
        return self._asked

    def take(self, at: At) -> Misbehaviour | None:
        """What the request at hand must suffer, counted down."""
        asked = self._asked
        if asked is None or asked.at != at:
            return None
        self._asked = asked.model_copy(update={"times": asked.times - 1}) if asked.times > 1 else None
        return asked

    async def before(self, suffered: Misbehaviour | None) -> Response | None:
        """What goes wrong before anything is accepted: waits, and returns the answer that ends the request, if any."""
        match suffered:
            case Misbehaviour(mode="latency", seconds=seconds):
                await asyncio.sleep(seconds)
            case Misbehaviour(mode="429", seconds=seconds):
                return _too_many(seconds)
            case Misbehaviour(mode="500"):
                return failure(500, "internal server error")
            case Misbehaviour(mode="timeout_before_accept", seconds=seconds):
                return await _silence(seconds)
            case Misbehaviour(mode="reject"):
                return failure(self._reject_status, "refused: the account is over its credit limit")
        return None

    async def after(self, suffered: Misbehaviour | None) -> Response | None:
        """What goes wrong once it is accepted: waits, and returns the answer given instead of the right one, if any."""
        match suffered:
            case Misbehaviour(mode="timeout_after_accept", seconds=seconds):
                return await _silence(seconds)
            case Misbehaviour(mode="malformed"):
                return HTMLResponse("<html><body>Welcome to our new web site</body></html>")
        return None


def copies(suffered: Misbehaviour | None) -> int:
    """How many times what was sent is accepted."""
    return 2 if suffered and suffered.mode == "duplicate" else 1


def cut_off(answer: Response) -> Response:
    """The first half of an answer; then the connection breaks, as when the server dies."""
    whole = bytes(answer.body)

    async def half() -> AsyncIterator[bytes]:
        yield whole[: len(whole) // 2]
        raise ConnectionResetError("cut off, as asked")

    headers = {
        "Content-Type": answer.headers.get("Content-Type", "application/json"),
        "Content-Length": str(len(whole)),
    }
    return StreamingResponse(half(), answer.status_code, headers)


async def _silence(seconds: float) -> Response:
    await asyncio.sleep(seconds)
    return failure(504, "gateway time-out")


def _too_many(seconds: float) -> Response:
    wait = math.ceil(seconds)
    headers = {
        "Retry-After": str(wait),
        "X-RateLimit-Limit": "600",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(math.ceil(time.time()) + wait),
    }
    return failure(429, "too many requests", headers=headers)


def control(token: str, mood: Mood, forget: Callable[[], None]) -> APIRouter:
    """Routes under /control for whoever holds `token`: misbehave, reset (`forget` drops what was received)."""
    router = APIRouter(prefix="/control", dependencies=[Depends(bearer({token: "control"}))], include_in_schema=False)

    @router.post("/misbehave")
    async def misbehave(misbehaviour: Misbehaviour) -> Misbehaviour:
        mood.become(misbehaviour)
        return misbehaviour

    @router.post("/reset", status_code=204)
    async def reset() -> None:
        mood.become(None)
        forget()

    return router
