"""The mail service's routes."""

import secrets
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.responses import HTMLResponse
from starlette.background import BackgroundTask

from sandbox.http import Journal, Mood, bearer, control, copies, new_app, newest, render
from sandbox.mail.events import teller
from sandbox.mail.models import Content, MailSend, Personalization, ReceivedMessage

Inbox = Journal[ReceivedMessage]


def create_app(
    inbox: Inbox, api_key: str, control_token: str, largest_message: int, events_url: str | None = None
) -> FastAPI:
    """The service over `inbox`; requests of more than `largest_message` bytes get 413.

    `events_url` is told what became of each message; None: nobody is.
    """
    tell = teller(events_url, api_key) if events_url else None
    app = new_app(
        "Mail service", "SendGrid's mail/send, kept to be read.", largest_body=largest_message, invalid_status=400
    )
    mood = Mood(reject_status=400)
    app.include_router(control(control_token, mood, inbox.clear))

    @app.post("/v3/mail/send", status_code=202, dependencies=[Depends(bearer({api_key: "sender"}))])
    async def send(mail: MailSend, request: Request) -> Response:
        suffered = mood.take("send")
        if (answer := await mood.before(suffered)) is not None:
            return answer
        if mail.is_rehearsal:
            return Response(status_code=200)
        message_id = secrets.token_urlsafe(16)
        received = _messages(mail, await request.json(), message_id)
        inbox.append(*received * copies(suffered))
        answer = await mood.after(suffered) or Response(status_code=202, headers={"X-Message-Id": message_id})
        answer.background = BackgroundTask(tell, received) if tell else None
        return answer

    @app.get("/control/messages", dependencies=[Depends(bearer({control_token: "control"}))], include_in_schema=False)
    async def messages() -> dict[str, Any]:
        return {"messages": inbox.records}

    @app.get("/", include_in_schema=False)
    async def inbox_page(page: Annotated[int, Query(ge=1)] = 1) -> HTMLResponse:
        return render("mail/inbox.html", newest(inbox.records, page))

    return app


def _messages(mail: MailSend, request: dict[str, Any], message_id: str) -> list[ReceivedMessage]:
    """One message for each envelope, whose own values come before those of the whole request."""
    received_at = datetime.now(UTC)

    def message(envelope: Personalization) -> ReceivedMessage:
        return ReceivedMessage(
            message_id=message_id,
            received_at=received_at,
            sender=envelope.sender or mail.sender,
            to=envelope.to,
            cc=envelope.cc,
            bcc=envelope.bcc,
            subject=envelope.subject or mail.subject or f"(template {mail.template_id})",
            text=_part(mail.content, "text/plain"),
            html=_part(mail.content, "text/html"),
            custom_args=mail.custom_args | envelope.custom_args,
            request=request,
        )

    return [message(envelope) for envelope in mail.personalizations]


def _part(content: list[Content], mime_type: str) -> str | None:
    return next((part.value for part in content if part.type == mime_type), None)
