"""Starts the logistics service: `python -m sandbox.logistics --port PORT --state DIR`."""

import typer

from sandbox.http import stand_in
from sandbox.logistics.app import create_app

if __name__ == "__main__":
    typer.run(stand_in("logistics", create_app))
