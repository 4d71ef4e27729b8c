"""Starts the compliance service: `python -m sandbox.compliance --port PORT --state DIR`."""

import typer

from sandbox.compliance.app import create_app
from sandbox.http import stand_in

if __name__ == "__main__":
    typer.run(stand_in("compliance", create_app))
