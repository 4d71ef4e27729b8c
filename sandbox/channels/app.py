"""The routes of all providers, and the page of what they received."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qsl
from uuid import uuid4

from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.responses import HTMLResponse

from sandbox.channels import mailserver
from sandbox.channels.providers import PROVIDERS, Provider, Refusal, Sent
from sandbox.channels.received import Received
from sandbox.http import Journal, Misbehaviour, Mood, bearer, control, copies, new_app, newest, render

_LARGEST = 1024 * 1024  # bytes


def create_app(state: Path, token: str, control_token: str) -> FastAPI:
    """All ways to people; `token` stands for every provider's secret. Keeps what it receives in `state`.

    An error is always told as the provider tells it: `429` and `reject` with its own code for that, `code` with any of its
    codes. Everything else is wrong as with all servers here (see `Misbehaviour`).
    """
    inbox = Journal(state / "messages.jsonl", Received)
    app = new_app("Ways to people", "SMS, robots and mail, kept to be read.", largest_body=_LARGEST, invalid_status=400)
    mood = Mood(reject_status=400)
    app.include_router(control(control_token, mood, inbox.clear))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        port = os.environ.get("SANDBOX_SMTP_PORT")
        if not port:
            yield
            return
        host = os.environ.get("SANDBOX_SMTP_HOST", "127.0.0.1")
        async with mailserver.running(host, int(port), token, inbox, mood):
            yield

    app.router.lifespan_context = lifespan

    async def receive(provider: Provider, request: Request) -> Response:
        suffered = mood.take("send")
        match suffered:
            case Misbehaviour(mode="429", seconds=seconds):
                return provider.error(provider.busy, seconds)
            case Misbehaviour(mode="reject"):
                return provider.error(provider.refusal, 0)
            case Misbehaviour(mode="code", code=code, seconds=seconds):
                return provider.error(code, seconds)
        if (answer := await mood.before(suffered)) is not None:
            return answer
        body = await request.body()
        message_id = f"SM{uuid4().hex}"
        try:
            told = provider.read(Sent(request.url.path, request.query_params, request.headers, body, token))
        except Refusal as refusal:
            return provider.error(refusal.code, 1)
        received = Received(
            channel=provider.name,
            message_id=message_id,
            received_at=datetime.now(UTC),
            request=_request(request, body),
            **vars(told),
        )
        inbox.append(*[received] * copies(suffered))
        return await mood.after(suffered) or provider.accepted(message_id)

    for provider in PROVIDERS:

        async def route(request: Request, provider: Provider = provider) -> Response:
            return await receive(provider, request)

        app.add_route(provider.path, route, methods=["POST"], include_in_schema=False)

    @app.get("/control/messages", dependencies=[Depends(bearer({control_token: "control"}))], include_in_schema=False)
    async def messages() -> dict[str, Any]:
        return {"messages": inbox.records}

    @app.get("/", include_in_schema=False)
    async def inbox_page(page: Annotated[int, Query(ge=1)] = 1) -> HTMLResponse:
        return render("channels/inbox.html", newest(inbox.records, page))

    return app


def _request(request: Request, body: bytes) -> dict[str, Any]:
    """What was sent, without the secrets: the page shows it to everybody."""
    open_query = {
        name: value for name, value in request.query_params.items() if name not in {"key", "access_token", "sig"}
    }
    form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    sent = dict(parse_qsl(body.decode())) if form else body.decode()
    return {"query": open_query, "body": sent, "webhook_id": request.headers.get("webhook-id")}
