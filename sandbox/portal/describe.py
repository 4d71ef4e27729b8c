"""Prints the OpenAPI description of the portal's REST interface: `python -m sandbox.portal.describe`."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from sandbox.portal.app import create_app
from sandbox.portal.orders import OrderBook


def description() -> str:
    """The description as JSON text, as docs/reference/portal-openapi.json holds it."""
    with TemporaryDirectory() as folder:
        told = create_app(OrderBook(Path(folder, "orders.jsonl")), {}, "control").openapi()
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(description(), end="")
