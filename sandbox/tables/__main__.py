"""Starts the systems: `python -m sandbox.tables --port PORT --state DIR`.

The server tells its own time (the Date header), which a test may set: uvicorn's is left out.
"""

from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from sandbox.http import stand_in_app
from sandbox.tables.app import create_app


def main(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")],
    state: Annotated[Path, typer.Option(help="Folder in which what it is given is kept.", file_okay=False)],
) -> None:
    """Serve SAP's, Kingdee's and Yonyou's interfaces with sample data; SANDBOX_TABLES_TOKEN is the password of each."""
    app = stand_in_app("tables", create_app, state)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=1, date_header=False)


if __name__ == "__main__":
    typer.run(main)
