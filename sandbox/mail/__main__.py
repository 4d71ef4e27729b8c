"""Starts the mail service: `python -m sandbox.mail --port 8102 --state DIR`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from sandbox.http import Journal, secret, serve
from sandbox.mail.app import create_app
from sandbox.mail.models import ReceivedMessage

_SENDGRIDS_LIMIT = 30 * 1024 * 1024  # bytes


def main(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")],
    state: Annotated[Path, typer.Option(help="Folder in which the messages received are kept.", file_okay=False)],
    largest_message: Annotated[int, typer.Option(help="Bytes; a larger request gets 413.")] = _SENDGRIDS_LIMIT,
) -> None:
    """A mail service for trials and tests that speaks SendGrid's mail/send and shows what it received.

    SANDBOX_SENDGRID_KEY holds the API key and SANDBOX_CONTROL_TOKEN the token for /control. SANDBOX_EVENTS_URL is told
    what became of each message.
    """
    api_key, control_token = secret("SANDBOX_SENDGRID_KEY"), secret("SANDBOX_CONTROL_TOKEN")
    inbox = Journal(state / "messages.jsonl", ReceivedMessage)
    serve(create_app(inbox, api_key, control_token, largest_message, os.environ.get("SANDBOX_EVENTS_URL")), port)


if __name__ == "__main__":
    typer.run(main)
