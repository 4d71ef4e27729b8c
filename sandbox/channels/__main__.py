"""Starts the ways to people: `python -m sandbox.channels --port PORT --state DIR`; SANDBOX_SMTP_PORT is the mail server's."""

import typer

from sandbox.channels.app import create_app
from sandbox.http import stand_in

if __name__ == "__main__":
    typer.run(stand_in("channels", create_app))
