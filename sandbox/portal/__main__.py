"""Starts the portal: `python -m sandbox.portal --port 8101 --state DIR`."""

from pathlib import Path
from typing import Annotated

import typer

from sandbox.http import secret, serve
from sandbox.portal.app import create_app
from sandbox.portal.orders import OrderBook


def buyers(setting: str) -> dict[str, str]:
    """Buyers' names by token, from "name:token,name:token" or the token of a single buyer."""
    named = [entry.rpartition(":") for entry in setting.split(",") if entry]
    return {token: name or "buyer" for name, _, token in named}


def main(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")],
    state: Annotated[Path, typer.Option(help="Folder in which the orders received are kept.", file_okay=False)],
) -> None:
    """A supplier's order portal for trials and tests.

    SANDBOX_PORTAL_TOKEN holds the buyer's token (or name:token pairs, separated by commas) and SANDBOX_CONTROL_TOKEN
    the token for /control.
    """
    tokens, control_token = buyers(secret("SANDBOX_PORTAL_TOKEN")), secret("SANDBOX_CONTROL_TOKEN")
    serve(create_app(OrderBook(state / "orders.jsonl"), tokens, control_token), port)


if __name__ == "__main__":
    typer.run(main)
